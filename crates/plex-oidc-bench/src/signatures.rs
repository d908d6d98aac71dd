//! What a signature costs here: the library alone.

use std::thread;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use crate::{Outcome, median};

/// About as long as the two first parts of an ID token.
const MESSAGE: [u8; 600] = [b'x'; 600];
const ROUNDS: u32 = 5;
const SIGNATURES: u32 = 200;
const NAP: Duration = Duration::from_micros(500);

/// What RS256 takes on the machine that the floors are from, in microseconds.
pub(crate) const RS256_OF_THE_FLOORS: f64 = 240.0;

/// A processor without the instructions that the library has for RSA takes three times as long for a signature, and not for everything else.
pub(crate) const SLOWEST: f64 = 2.0;

/// RS256 with a key of 2048 bits, in microseconds.
pub(crate) fn rs256() -> Outcome<f64> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    each(|| Ok(key.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature)?))
}

/// ES256, in microseconds.
pub(crate) fn es256() -> Outcome<f64> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref())?;
    each(|| Ok(key.sign(&random, &MESSAGE).map(drop)?))
}

/// A signature after a short sleep, as in the program: each of its requests has waited for the network or for the disk, and
/// finds caches that others have used. What sleeping itself costs is subtracted.
fn each(mut sign: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let asleep = series(&mut || Ok(()))?;
        rounds.push(series(&mut sign)? - asleep);
    }
    Ok(median(rounds))
}

fn series(work: &mut impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let before = own_cpu()?;
    for _ in 0..SIGNATURES {
        thread::sleep(NAP);
        work()?;
    }
    Ok((own_cpu()? - before) / f64::from(SIGNATURES))
}

/// The processor time of this thread until now, in microseconds. The kernel brings it up to date when a thread goes to sleep.
fn own_cpu() -> Outcome<f64> {
    thread::sleep(NAP);
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse::<f64>()? / 1000.0)
}
