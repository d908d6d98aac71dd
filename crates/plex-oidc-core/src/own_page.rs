//! Pages of our own that somebody must be signed in for. Signing in for one is an authorization request like any other, for a
//! client that nobody else can be; its answer leads back to the page, and nothing in it is ever redeemed.

use crate::authorize::AuthorizationRequest;
use crate::client::Client;
use crate::decide::AllowRule;
use crate::gateway::handover;
use crate::groups::Group;
use crate::id::{AccountId, ClientId};
use crate::issuer::Issuer;
use crate::prompt::Prompt;
use crate::redirect::RedirectTarget;

/// How the identifiers of these clients begin.
pub const CLIENT_PREFIX: &str = "own:";

/// A page of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnPage {
    /// A guest's own page: who am I, where am I signed in.
    Account,
    /// The host's page: who comes in, and what they hold.
    Admin,
}

impl OwnPage {
    /// Every page.
    pub const ALL: [Self; 2] = [Self::Account, Self::Admin];

    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Account => "/account",
            Self::Admin => "/admin",
        }
    }

    /// The client that stands for it.
    pub fn client_id(self) -> Option<ClientId> {
        ClientId::parse(&format!("{CLIENT_PREFIX}{}", self.path().trim_start_matches('/')))
    }

    /// The client that stands for it. Everybody who may come in at all may see their own account; the host's page is for `hosts`,
    /// and switched off where there are none.
    pub fn client(self, hosts: &[AllowRule]) -> Option<Client> {
        let everybody = [Group::owner(), Group::home(), Group::friend(), Group::managed(), Group::local()];
        let (name, allow) = match self {
            Self::Account => ("your account", everybody.into_iter().map(AllowRule::Group).collect()),
            Self::Admin if hosts.is_empty() => return None,
            Self::Admin => ("the host’s page", hosts.to_vec()),
        };
        Some(Client::of_ours(self.client_id()?, name.to_owned(), allow))
    }

    /// The request to sign in for it. `about` comes back with the answer: whom the page was about.
    pub fn request(
        self,
        issuer: &Issuer,
        prompt: Prompt,
        about: Option<AccountId>,
    ) -> Option<AuthorizationRequest> {
        let redirect = RedirectTarget::of_own_page(issuer, self);
        let request = AuthorizationRequest::of_ours(self.client_id()?, redirect);
        Some(AuthorizationRequest { state: about.map(|account| account.to_string()), prompt, ..request })
    }

    /// Whether `client` stands for a page of ours whose answer goes to `target`.
    pub fn receives(client: &Client, target: &RedirectTarget, issuer: &Issuer) -> bool {
        let is_it = |page: &Self| page.client_id().as_ref() == Some(&client.id);
        Self::ALL
            .iter()
            .find(|page| is_it(page))
            .is_some_and(|page| target.as_str() == RedirectTarget::of_own_page(issuer, *page).as_str())
    }
}

/// Whether this client stands for a page of ours.
pub fn is_page(client: &str) -> bool {
    client.starts_with(CLIENT_PREFIX)
}

/// Whether only we ask in the name of this client: it stands for a page of ours, or for an application behind the gateway. No
/// relying party can be registered so.
pub fn is_ours(client: &str) -> bool {
    is_page(client) || handover::is_gateway_client(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_for_a_page_goes_to_that_page_alone() {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let client = OwnPage::Account.client(&[]).unwrap();
        let request = OwnPage::Account.request(&issuer, Prompt::Unspecified, None).unwrap();
        assert_eq!(
            (request.redirect.as_str(), &request.client_id),
            ("https://auth.example.com/account", &client.id)
        );
        assert!(OwnPage::receives(&client, &request.redirect, &issuer));
        let other = Issuer::parse("https://other.example.com").unwrap();
        assert!(!OwnPage::receives(&client, &RedirectTarget::of_own_page(&other, OwnPage::Account), &issuer));
        assert!(!OwnPage::receives(&client, &RedirectTarget::of_device(&issuer), &issuer));
        let registered = Client { id: ClientId::parse("account").unwrap(), ..client.clone() };
        assert!(!OwnPage::receives(&registered, &request.redirect, &issuer));
        let admin = RedirectTarget::of_own_page(&issuer, OwnPage::Admin);
        assert!(!OwnPage::receives(&client, &admin, &issuer), "another page of ours");
        assert!(is_ours(client.id.as_str()) && is_ours("app:wiki") && !is_ours("account"));
    }

    #[test]
    fn the_hosts_page_is_for_those_who_are_named_and_for_nobody_where_none_is() {
        assert!(OwnPage::Admin.client(&[]).is_none());
        let hosts = [AllowRule::Group(Group::owner())];
        assert_eq!(OwnPage::Admin.client(&hosts).unwrap().allow, hosts);
        assert!(!OwnPage::Account.client(&hosts).unwrap().allow.is_empty());
    }
}
