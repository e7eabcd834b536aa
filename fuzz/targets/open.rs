//! Reading is total: whatever a cookie is, it opens or is refused with a reason; and what is sealed opens as it was.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shortcrust::{
    Chain, Digest, FormatSpec, Keyring, Policy, UnixMillis,
    format::{
        Body, Cipher, DjangoSigner, IronKey, IronSeal, KeyDerivation, SigningKey, iron_open, iron_seal,
        secretbox, sign_cookie, write_timestamp,
    },
    payload::{Dialect, scan},
};
use shortcrust_fuzz::parts;

const SECRET: &str = "a secret of the fuzzer, over 32 bytes long";
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const FORMATS: [&str; 6] = ["flask", "django", "starlette", "sealed", "express", "id"];

struct Side {
    name: &'static str,
    plain: Chain,
    /// With what the format does not carry in the payload.
    reserved: Chain,
    dialect: Dialect,
}

static SIDES: LazyLock<Vec<Side>> = LazyLock::new(|| {
    let keys =
        Keyring::newest_first([SECRET, "an older secret of the fuzzer, over 32 bytes"]).expect("two keys");
    let build = |name| {
        let spec = FormatSpec { format: name, ..FormatSpec::default() };
        let chain = |spec: FormatSpec<'_>| Chain::from(spec.build(&keys).expect("a known format"));
        let reserved = chain(FormatSpec { meta: Some("payload"), ..spec });
        Side { name, plain: chain(spec), reserved, dialect: spec.dialect() }
    };
    FORMATS.into_iter().map(build).collect()
});

// The first line says what is done with the second: a format's number and `raw`, `signed` or `payload`.
fuzz_target!(|input: &[u8]| {
    let Some([how, text]) = parts(input) else { return };
    let mut how = how.chars();
    let (Some(format), way) = (how.next(), how.next()) else { return };
    let Some(side) = SIDES.get(format as usize % (FORMATS.len() + 2)) else { return others(text) };
    match way {
        Some('p') => sealed(side, text),
        Some('s') => side.opens(&signed(side.name, text)),
        _ => side.opens(text),
    }
});

impl Side {
    fn opens(&self, token: &str) {
        for chain in [&self.plain, &self.reserved] {
            for policy in [Policy::NONE, Policy::default()] {
                let _ = chain.open_cookie(&format!("session={token}"), "session", NOW, &policy, self.dialect);
            }
        }
    }
}

/// What the peer's signer makes of a text, so that more than the MAC is tried.
fn signed(format: &str, text: &str) -> String {
    let stamped = format!("{text}.{}", write_timestamp(1_800_000_000));
    let by = |salt: &[u8], derivation| {
        let key = SigningKey::derive(SECRET.as_bytes(), salt, Digest::Sha1, derivation);
        format!("{stamped}.{}", key.sign(stamped.as_bytes()))
    };
    match format {
        "flask" => by(b"cookie-session", KeyDerivation::Hmac),
        "starlette" => by(b"itsdangerous.Signer", KeyDerivation::DjangoConcat),
        "django" => {
            let keys = Keyring::newest_first([SECRET]).expect("one key");
            let signer =
                DjangoSigner::new(&keys, b"django.contrib.sessions.backends.signed_cookies", Digest::Sha256);
            signer.sign(DjangoSigner::stamp(text, ":", 1_800_000_000), ":")
        }
        "express" => format!("s:{}", sign_cookie(text, SECRET.as_bytes())),
        _ => text.to_owned(),
    }
}

fn sealed(side: &Side, payload: &str) {
    let mut rng = |buffer: &mut [u8]| {
        buffer.fill(7);
        Ok(())
    };
    let is_readable = scan(payload, side.dialect).is_ok();
    for chain in [&side.plain, &side.reserved] {
        let Ok(token) = chain.seal_cookie("session", payload, NOW, &Policy::NONE, &mut rng) else { continue };
        let opened =
            chain.open_cookie(&format!("session={token}"), "session", NOW, &Policy::NONE, side.dialect);
        if is_readable && std::ptr::eq(chain, &side.plain) && side.name != "id" {
            let body = opened.expect("what is sealed opens").body;
            let (Body::Id(text) | Body::Payload(text)) = body;
            assert_eq!(text.trim_ascii(), payload.trim_ascii());
        }
    }
}

fn others(token: &str) {
    let password = IronKey::Password { password: SECRET.as_bytes(), iterations: 1 };
    for (cipher, key) in [(Cipher::Aes256Cbc, password), (Cipher::Aes128Ctr, IronKey::Bytes(&[7; 16]))] {
        let _ = iron_open(cipher, key, key, token);
        let seal = IronSeal {
            payload: token.as_bytes(),
            password_id: "",
            salt: "",
            iv: &[7; 16],
            expiration: "",
            mac_salt: "",
        };
        if let Some(sealed) = iron_seal(cipher, key, key, &seal) {
            assert_eq!(iron_open(cipher, key, key, &sealed).as_deref(), Ok(token.as_bytes()));
        }
    }
    let boxed = secretbox::seal(&[7; 32], &[7; 24], token.as_bytes());
    assert_eq!(secretbox::open(&[7; 32], &[7; 24], &boxed).as_deref(), Some(token.as_bytes()));
    let _ = secretbox::open(&[7; 32], &[7; 24], token.as_bytes());
}
