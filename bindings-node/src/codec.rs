//! Formats without a front around them: for the vectors and for tools, and what the drop-ins sign and seal with.

use napi::{
    Env, Task,
    bindgen_prelude::{AsyncTask, Uint8Array},
};
use napi_derive::napi;
use shortcrust::{
    Chain, Digest, Entropy, Reason, UnixMillis,
    format::{
        Body, Cipher, IronKey, IronSeal, iron_open, iron_seal, keygrip_sign, secretbox, sign_cookie,
        verify_cookie,
    },
    payload::Dialect,
};

use crate::{
    ambient::{Rng, random_id},
    error::{self, Result},
    options::{Bytes, FormatOptions, PolicyOptions, bytes, keyring},
};

/// A format and its keys, for any cookie name and any policy.
#[napi]
pub struct Codec(Chain, Dialect);

/// A payload or an id, or why there is neither.
#[napi(object, object_from_js = false)]
pub struct Decoded {
    /// The very text inside.
    pub payload: Option<String>,
    /// The id of a record, where the format carries that.
    pub id: Option<String>,
    /// Why neither is there.
    pub reason: Option<&'static str>,
}

#[napi]
impl Codec {
    /// Throws where the secrets or the options are wrong.
    #[napi(constructor, catch_unwind)]
    pub fn new(format: FormatOptions, secrets: Vec<Bytes>) -> Result<Self> {
        Ok(Self(Chain::from(format.build(&keyring(&secrets)?, None)?), format.spec(None).dialect()))
    }

    /// Reads the first cookie of the name that opens.
    #[napi(catch_unwind)]
    pub fn open(
        &self,
        cookie_header: String,
        name: String,
        now_ms: i64,
        policy: Option<PolicyOptions>,
    ) -> Decoded {
        let policy = policy.unwrap_or_default().build();
        let opened = self.0.open_cookie(&cookie_header, &name, UnixMillis(now_ms), &policy, self.1);
        Decoded::from(opened.map(|opened| opened.body))
    }

    /// Makes the value of a cookie that begins now.
    #[napi(catch_unwind)]
    pub fn seal(
        &self,
        payload: String,
        name: String,
        now_ms: i64,
        policy: Option<PolicyOptions>,
        entropy: Option<Uint8Array>,
    ) -> Result<String> {
        let policy = policy.unwrap_or_default().build();
        let mut rng = Rng::from(entropy);
        self.0.seal_cookie(&name, &payload, UnixMillis(now_ms), &policy, &mut rng).map_err(error::seal)
    }
}

impl From<std::result::Result<Body, Reason>> for Decoded {
    fn from(opened: std::result::Result<Body, Reason>) -> Self {
        let (payload, id, reason) = match opened {
            Ok(Body::Payload(payload)) => (Some(payload), None, None),
            Ok(Body::Id(id)) => (None, Some(id), None),
            Err(reason) => (None, None, Some(reason.code())),
        };
        Self { payload, id, reason }
    }
}

/// cookie-signature's `sign`.
#[napi(catch_unwind)]
pub fn cookie_sign(value: String, secret: Bytes) -> String {
    sign_cookie(&value, bytes(&secret))
}

/// Whether cookie-signature's `unsign` gives a value.
#[napi(catch_unwind)]
pub fn cookie_verify(signed: String, secret: Bytes) -> bool {
    verify_cookie(&signed, bytes(&secret))
}

/// keygrip's signature in base64url; none where the digest is not one of ours.
#[napi(catch_unwind)]
pub fn keygrip_signature(algorithm: String, key: Bytes, data: Bytes) -> Option<String> {
    let digest = match algorithm.as_str() {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha384" => Digest::Sha384,
        "sha512" => Digest::Sha512,
        _ => return None,
    };
    Some(keygrip_sign(digest, bytes(&key), bytes(&data)))
}

/// Random bytes of the operating system's, in base64url.
#[napi(catch_unwind)]
pub fn new_id(length: u32) -> Result<String> {
    random_id(length as usize)
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
#[napi(catch_unwind)]
pub fn same_text(one: String, other: String) -> bool {
    shortcrust::same(one.as_bytes(), other.as_bytes())
}

/// A key of iron's: bytes, or a password.
#[napi(object, object_to_js = false)]
pub struct IronSecret {
    /// Of iron.
    pub secret: Bytes,
    /// PBKDF2's; without it the secret is the key.
    pub iterations: Option<u32>,
}

/// What is sealed.
#[napi(object, object_to_js = false)]
pub struct IronContent {
    /// JSON.
    pub payload: String,
    /// Or empty.
    pub password_id: String,
    /// Empty for a key of bytes.
    pub salt: String,
    /// 16 bytes.
    pub iv: Uint8Array,
    /// Milliseconds, or empty.
    pub expiration: String,
    /// As `salt`.
    pub mac_salt: String,
}

/// What iron does with its keys.
pub struct IronWork {
    cipher: Cipher,
    encryption: IronSecret,
    integrity: IronSecret,
    input: IronInput,
}

enum IronInput {
    Open(String),
    Seal(IronContent),
}

impl IronWork {
    fn new(algorithm: &str, encryption: IronSecret, integrity: IronSecret, input: IronInput) -> Result<Self> {
        let cipher = match algorithm {
            "aes-128-ctr" => Cipher::Aes128Ctr,
            "aes-256-cbc" => Cipher::Aes256Cbc,
            other => return Err(error::option("algorithm", other, "aes-256-cbc or aes-128-ctr")),
        };
        Ok(Self { cipher, encryption, integrity, input })
    }

    /// The token or the payload; none with a reason.
    fn run(&self) -> Decoded {
        let (cipher, encryption, integrity) = (self.cipher, self.encryption.key(), self.integrity.key());
        let done = match &self.input {
            IronInput::Open(token) => iron_open(cipher, encryption, integrity, token)
                .and_then(|payload| String::from_utf8(payload).map_err(|_| Reason::Malformed)),
            IronInput::Seal(content) => {
                iron_seal(cipher, encryption, integrity, &content.borrowed()).ok_or(Reason::Malformed)
            }
        };
        Decoded::from(done.map(Body::Payload))
    }
}

impl IronSecret {
    fn key(&self) -> IronKey<'_> {
        match self.iterations {
            None => IronKey::Bytes(bytes(&self.secret)),
            Some(iterations) => IronKey::Password { password: bytes(&self.secret), iterations },
        }
    }
}

impl IronContent {
    fn borrowed(&self) -> IronSeal<'_> {
        IronSeal {
            payload: self.payload.as_bytes(),
            password_id: &self.password_id,
            salt: &self.salt,
            iv: &self.iv,
            expiration: &self.expiration,
            mac_salt: &self.mac_salt,
        }
    }
}

impl Task for IronWork {
    type Output = Decoded;
    type JsValue = Decoded;

    fn compute(&mut self) -> napi::Result<Decoded> {
        Ok(self.run())
    }

    fn resolve(&mut self, _: Env, output: Decoded) -> napi::Result<Decoded> {
        Ok(output)
    }
}

/// The payload of a seal, or `malformed` or `bad_signature`. The expiration is the caller's to look at.
#[napi(catch_unwind)]
pub fn iron_unseal(
    token: String,
    algorithm: String,
    encryption: IronSecret,
    integrity: IronSecret,
) -> Result<Decoded> {
    Ok(IronWork::new(&algorithm, encryption, integrity, IronInput::Open(token))?.run())
}

/// As `ironUnseal`, off the event loop.
#[napi(catch_unwind, ts_return_type = "Promise<Decoded>")]
pub fn iron_unseal_async(
    token: String,
    algorithm: String,
    encryption: IronSecret,
    integrity: IronSecret,
) -> Result<AsyncTask<IronWork>> {
    Ok(AsyncTask::new(IronWork::new(&algorithm, encryption, integrity, IronInput::Open(token))?))
}

/// The seal as `payload`; `malformed` where a key of bytes or the vector has the wrong length.
#[napi(catch_unwind)]
pub fn iron_seal_text(
    content: IronContent,
    algorithm: String,
    encryption: IronSecret,
    integrity: IronSecret,
) -> Result<Decoded> {
    Ok(IronWork::new(&algorithm, encryption, integrity, IronInput::Seal(content))?.run())
}

/// As `ironSealText`, off the event loop.
#[napi(catch_unwind, ts_return_type = "Promise<Decoded>")]
pub fn iron_seal_text_async(
    content: IronContent,
    algorithm: String,
    encryption: IronSecret,
    integrity: IronSecret,
) -> Result<AsyncTask<IronWork>> {
    Ok(AsyncTask::new(IronWork::new(&algorithm, encryption, integrity, IronInput::Seal(content))?))
}

/// libsodium's `crypto_secretbox_easy`; a key of 32 bytes, a nonce of 24.
#[napi(catch_unwind)]
pub fn secretbox_seal(key: Uint8Array, nonce: Uint8Array, message: Uint8Array) -> Result<Uint8Array> {
    Ok(secretbox::seal(sized(&key, "key")?, sized(&nonce, "nonce")?, &message).into())
}

/// libsodium's `crypto_secretbox_open_easy`; none where the tag is not the key's.
#[napi(catch_unwind)]
pub fn secretbox_open(key: Uint8Array, nonce: Uint8Array, boxed: Uint8Array) -> Result<Option<Uint8Array>> {
    Ok(secretbox::open(sized(&key, "key")?, sized(&nonce, "nonce")?, &boxed).map(Uint8Array::from))
}

/// A cookie of @fastify/secure-session, with a random nonce; a key of 32 bytes. One call, since each array of bytes that
/// is handed over costs more than the cipher.
#[napi(catch_unwind)]
pub fn secretbox_seal_text(key: &[u8], message: String) -> Result<String> {
    let mut nonce = [0; secretbox::NONCE];
    Rng::from(None).fill(&mut nonce).map_err(error::entropy)?;
    Ok(secretbox::seal_text(sized(key, "key")?, &nonce, &message))
}

/// What is in such a cookie; none too where it is spelled otherwise, which `secretboxOpen` may still open.
#[napi(catch_unwind)]
pub fn secretbox_open_text(key: &[u8], cookie: String) -> Result<Option<String>> {
    Ok(secretbox::open_text(sized(key, "key")?, &cookie))
}

/// libsodium's `crypto_generichash`: `BLAKE2b`, 32 bytes.
#[napi(catch_unwind)]
pub fn generic_hash(message: Uint8Array) -> Uint8Array {
    secretbox::generic_hash(&message).to_vec().into()
}

/// A secretbox key from a password, which takes most of a second.
pub struct PasswordKey(Vec<u8>, [u8; secretbox::SALT]);

impl Task for PasswordKey {
    type Output = Vec<u8>;
    type JsValue = Uint8Array;

    fn compute(&mut self) -> napi::Result<Vec<u8>> {
        Ok(secretbox::password_key(&self.0, &self.1).to_vec())
    }

    fn resolve(&mut self, _: Env, key: Vec<u8>) -> napi::Result<Uint8Array> {
        Ok(key.into())
    }
}

/// libsodium's `crypto_pwhash` at moderate limits, off the event loop; a salt of 16 bytes.
#[napi(catch_unwind, ts_return_type = "Promise<Uint8Array>")]
pub fn password_key(password: Uint8Array, salt: Uint8Array) -> Result<AsyncTask<PasswordKey>> {
    Ok(AsyncTask::new(PasswordKey(password.to_vec(), *sized(&salt, "salt")?)))
}

fn sized<'a, const N: usize>(bytes: &'a [u8], what: &str) -> Result<&'a [u8; N]> {
    bytes.try_into().map_err(|_| error::length(what, N))
}
