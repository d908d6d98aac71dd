//! How the `openidconnect` crate reaches the provider: through the HTTP client that the program uses too.

use std::pin::Pin;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;

/// An HTTP client that follows no redirects.
pub(crate) struct Http(reqwest::Client);

impl Http {
    /// A client for this machine only.
    pub(crate) fn build() -> Result<Self, reqwest::Error> {
        Ok(Self(reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?))
    }
}

async fn ask(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = client.execute(request.try_into()?).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = HttpResponse::new(answer.bytes().await?.into());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(ask(self.0.clone(), request))
    }
}
