//! Uses the program once in every ordinary way: which of its functions run then is what `bench/order` writes down.

use std::path::Path;

use plextv_emulator::{Emulator, EmulatorConfig};

use crate::Outcome;
use crate::gateway::{EMAIL, Visitor, behind_access};
use crate::house::{APP_HOST, Client, House};
use crate::load::Load;
use crate::people::{Application, Browser, text};
use crate::process::Cores;
use crate::team::Team;

/// A start, sign-ins, tokens, pages, a proxy's questions, and an orderly end.
pub(crate) fn run(binary: &Path) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let emulator = runtime.block_on(Emulator::start(EmulatorConfig::default()))?;
    let team = runtime.block_on(Team::start())?;
    let house = runtime.block_on(House::build(binary, &emulator, &team, |_, text| Ok(text)))?;
    let process = house.serve(&Cores::of_this_machine().all())?;
    for client in [Client::Rs256, Client::Es256] {
        let mut browser = Browser::new(process.address)?;
        browser.sign_in(&emulator, client)?;
        let mut application = Application::new(&house, process.address, client)?;
        let tokens = application.redeem(&browser.code(client)?)?;
        let access = text(&tokens, "access_token")?;
        application.userinfo(&access)?;
        application.introspect(&access)?;
        application.push()?;
        if let Ok(refresh) = text(&tokens, "refresh_token") {
            application.refresh(&refresh)?;
        }
        application.revoke(&access)?;
        for page in ["/account", "/sign-out"] {
            browser.get(page)?;
        }
    }
    let mut visitor = Visitor::new(process.address)?;
    let session = visitor.sign_in(&emulator)?;
    visitor.passes(APP_HOST, &session)?;
    Load::new(process.address, behind_access(&team.assertion(EMAIL)?)).run(32)?;
    for path in ["/.well-known/openid-configuration", "/jwks", "/sign-in/popup", "/readyz"] {
        Load::get(process.address, path).run(32)?;
    }
    process.stop()?;
    runtime.block_on(emulator.stop());
    Ok(())
}
