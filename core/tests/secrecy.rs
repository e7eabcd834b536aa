//! What is shown for debugging has no secret in it.
use shortcrust::{
    Chain, Digest, Engine, Keyring, Secret,
    format::{
        Django, DjangoOptions, DjangoSigner, Express, Flask, FlaskOptions, KeyDerivation, Sealed, SigningKey,
        Starlette,
    },
};

const SECRET: &str = "correct horse battery staple, and some more";

fn keys() -> Keyring {
    Keyring::newest_first([SECRET]).unwrap()
}

fn assert_silent(shown: &str) {
    let listed = format!("{:?}", SECRET.as_bytes());
    let hex = SECRET.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert!(!shown.contains("horse"), "{shown}");
    assert!(!shown.contains(&listed[1..40]), "{shown}");
    assert!(!shown.to_lowercase().contains(&hex[..20]), "{shown}");
}

#[test]
fn secrets_and_what_is_derived_from_them_show_nothing() {
    assert_silent(&format!("{:?} {:#?}", Secret::new(SECRET), Secret::new(SECRET)));
    assert_silent(&format!("{:?} {:#?}", keys(), keys()));
    for derivation in [KeyDerivation::Hmac, KeyDerivation::None] {
        let key = SigningKey::derive(SECRET.as_bytes(), b"salt", Digest::Sha256, derivation);
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }
    assert_silent(&format!("{:?}", DjangoSigner::new(&keys(), b"salt", Digest::Sha256)));
}

#[test]
fn an_engine_shows_no_secret_whatever_its_format() {
    let keys = keys();
    let chains: [Chain; 5] = [
        Django::new(&keys, &DjangoOptions::default()).into(),
        Express::new(&keys).into(),
        Flask::new(&keys, &FlaskOptions::default()).into(),
        Sealed::new(&keys, "").unwrap().into(),
        Starlette::new(&keys).into(),
    ];
    for chain in chains {
        let builder = Engine::builder(chain);
        assert_silent(&format!("{builder:?} {builder:#?}"));
    }
}
