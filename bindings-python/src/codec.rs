//! The formats alone, for the golden vectors and for tools.

use pyo3::{
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBytes, PyDict, PyString},
};
use shortcrust::{
    Chain, Digest, Keyring, Policy, Reason, UnixMillis,
    format::{
        Body, DjangoSigner, KeyDerivation, SigningKey, pack, read_timestamp, unpack, unpack_within,
        write_timestamp,
    },
    payload::{self, Dialect},
};

use crate::{
    ambient::rng,
    convert::{self, Spelling},
    error::{Failure, guard},
    options::{Bytes, FormatOptions, PolicyOptions},
};

/// One format with its keys.
#[pyclass(frozen, module = "shortcrust._core")]
pub(crate) struct Codec(Chain, Dialect);

#[pymethods]
impl Codec {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
    fn new(format: FormatOptions, secrets: Vec<Bytes>) -> Result<Self, Failure> {
        let keys = Keyring::newest_first(secrets)?;
        Ok(Self(Chain::from(format.spec().build(&keys)?), format.spec().dialect()))
    }

    /// The payload, or the id for `express`; raises the reason why none opens.
    fn open(&self, header: &str, name: &str, now_ms: i64, policy: PolicyOptions) -> Result<String, Failure> {
        let policy = Policy::from(policy);
        guard(|| {
            let opened = self.0.open_cookie(header, name, UnixMillis(now_ms), &policy, self.1)?;
            let (Body::Id(text) | Body::Payload(text)) = opened.body;
            Ok(text)
        })
    }

    /// The token.
    fn seal(
        &self,
        payload: &str,
        name: &str,
        now_ms: i64,
        policy: PolicyOptions,
        entropy: &Bound<'_, PyAny>,
    ) -> Result<String, Failure> {
        let (now, policy) = (UnixMillis(now_ms), Policy::from(policy));
        guard(|| Ok(self.0.seal_cookie(name, payload, now, &policy, &mut rng(entropy))?))
    }
}

/// Text or bytes, and nothing else that Python takes for bytes: the peer's answer would be of that type too.
fn octets<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(text.to_str()?.as_bytes()),
        Err(_) => Ok(value.cast::<PyBytes>()?.as_bytes()),
    }
}

/// itsdangerous' signers with these keys: its `Signer` and `TimestampSigner`, and what its URL-safe serializers make.
#[pyclass(frozen, module = "shortcrust._core", name = "Signer")]
pub(crate) struct NativeSigner {
    /// Newest first; itsdangerous lists it last.
    keys: Vec<SigningKey>,
    separator: Vec<u8>,
}

#[pymethods]
impl NativeSigner {
    /// `None` for a derivation or digest that only Python has.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
    fn make(
        secrets: Vec<PyBackedBytes>,
        salt: &[u8],
        separator: &[u8],
        derivation: &str,
        digest: &str,
    ) -> Option<Self> {
        let derivation = match derivation {
            "concat" => KeyDerivation::Concat,
            "django-concat" => KeyDerivation::DjangoConcat,
            "hmac" => KeyDerivation::Hmac,
            "none" => KeyDerivation::None,
            _ => return None,
        };
        let digest = digest_named(digest)?;
        let keys: Vec<_> =
            secrets.iter().rev().map(|secret| SigningKey::derive(secret, salt, digest, derivation)).collect();
        (!keys.is_empty()).then(|| Self { keys, separator: separator.to_vec() })
    }

    /// `sign`, with a timestamp where there is one.
    fn sign<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        timestamp: Option<u64>,
    ) -> Result<Bound<'py, PyBytes>, Failure> {
        guard(|| Ok(PyBytes::new(value.py(), &self.signed(octets(value)?, timestamp))))
    }

    /// `unsign`; `None` where the peer has to say why not, or reads more leniently.
    fn unsign<'py>(&self, token: &Bound<'py, PyAny>) -> Result<Option<Bound<'py, PyBytes>>, Failure> {
        guard(|| Ok(self.unsigned(octets(token)?).map(|value| PyBytes::new(token.py(), value))))
    }

    /// As `unsign`, with the timestamp that stands behind the value.
    fn unsign_timed<'py>(
        &self,
        token: &Bound<'py, PyAny>,
    ) -> Result<Option<(Bound<'py, PyBytes>, u64)>, Failure> {
        guard(|| Ok(self.timed(octets(token)?).map(|(value, time)| (PyBytes::new(token.py(), value), time))))
    }

    /// A URL-safe serializer's `dumps`; `None` where Python's JSON has to.
    fn dumps(&self, value: &Bound<'_, PyAny>, timestamp: Option<u64>) -> Result<Option<String>, Failure> {
        guard(|| {
            let text = convert::try_encode(value, spelling(true, false))?;
            let token = |text: String| self.signed(pack(text.as_bytes(), true).as_bytes(), timestamp);
            Ok(text.and_then(|text| String::from_utf8(token(text)).ok()))
        })
    }

    /// A URL-safe serializer's `loads`, with the timestamp; `None` or an exception where the peer has to try.
    fn loads<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        timed: bool,
    ) -> Result<Option<(Bound<'py, PyAny>, u64)>, Failure> {
        guard(|| {
            let bytes = octets(token)?;
            let found = if timed { self.timed(bytes) } else { self.unsigned(bytes).map(|value| (value, 0)) };
            found.map(|(payload, time)| Ok((load_packed(token.py(), payload)?, time))).transpose()
        })
    }
}

impl NativeSigner {
    fn signed(&self, value: &[u8], timestamp: Option<u64>) -> Vec<u8> {
        let mut token = Vec::with_capacity(value.len() + 2 * self.separator.len() + 100);
        token.extend_from_slice(value);
        if let Some(seconds) = timestamp {
            token.extend_from_slice(&self.separator);
            token.extend_from_slice(write_timestamp(seconds).as_bytes());
        }
        let signature = self.keys[0].sign(&token);
        token.extend_from_slice(&self.separator);
        token.extend_from_slice(signature.as_bytes());
        token
    }

    fn unsigned<'t>(&self, token: &'t [u8]) -> Option<&'t [u8]> {
        let (value, signature) = split_last(token, &self.separator)?;
        let signature = str::from_utf8(signature).ok()?;
        self.keys.iter().any(|key| key.verify(value, signature)).then_some(value)
    }

    fn timed<'t>(&self, token: &'t [u8]) -> Option<(&'t [u8], u64)> {
        let (value, timestamp) = split_last(self.unsigned(token)?, &self.separator)?;
        Some((value, read_timestamp(str::from_utf8(timestamp).ok()?)?))
    }
}

fn digest_named(name: &str) -> Option<Digest> {
    Some(match name {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha384" => Digest::Sha384,
        "sha512" => Digest::Sha512,
        _ => return None,
    })
}

fn split_last<'t>(token: &'t [u8], separator: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = token.windows(separator.len().max(1)).rposition(|window| window == separator)?;
    Some((&token[..at], &token[at + separator.len()..]))
}

/// `json.dumps(value)`; with `compact` as itsdangerous and Django spell it. `None` where Python's own has to.
#[pyfunction]
pub(crate) fn dump_json(
    value: &Bound<'_, PyAny>,
    compact: bool,
    ensure_ascii: bool,
) -> Result<Option<String>, Failure> {
    guard(|| Ok(convert::try_encode(value, spelling(compact, ensure_ascii))?))
}

/// As `dump_json`, in the dialect of `sealed` and Flask.
#[pyfunction]
pub(crate) fn dump_tagged(value: &Bound<'_, PyAny>) -> Result<Option<String>, Failure> {
    let spelling = Spelling { dialect: Dialect::Tagged, ..spelling(true, true) };
    guard(|| Ok(convert::try_encode(value, spelling)?))
}

/// `json.loads(text)`; what it raises is not the peer's, who has to try again.
#[pyfunction]
pub(crate) fn load_json<'py>(py: Python<'py>, text: &[u8]) -> Result<Bound<'py, PyAny>, Failure> {
    guard(|| Ok(convert::decode(py, str::from_utf8(text).map_err(|_| Reason::Malformed)?, Dialect::Plain)?))
}

/// The payload of a URL-safe serializer: JSON, zlib where it is shorter, base64url.
#[pyfunction]
pub(crate) fn dump_packed<'py>(value: &Bound<'py, PyAny>) -> Result<Option<Bound<'py, PyBytes>>, Failure> {
    guard(|| {
        let text = convert::try_encode(value, spelling(true, false))?;
        Ok(text.map(|text| PyBytes::new(value.py(), pack(text.as_bytes(), true).as_bytes())))
    })
}

/// What `dump_packed` dumped, up to 256 KiB; raises as `load_json` does.
#[pyfunction]
pub(crate) fn load_packed<'py>(py: Python<'py>, payload: &[u8]) -> Result<Bound<'py, PyAny>, Failure> {
    guard(|| load_json(py, &unpack(str::from_utf8(payload).map_err(|_| Reason::Malformed)?)?))
}

fn spelling(compact: bool, ensure_ascii: bool) -> Spelling {
    Spelling { dialect: Dialect::Plain, spaced: !compact, sort_keys: false, ensure_ascii }
}

/// Django's signers with one salt, for text and for what the JSON serializer knows.
#[pyclass(frozen, module = "shortcrust._core", name = "DjangoSigner")]
pub(crate) struct NativeDjangoSigner(DjangoSigner);

#[pymethods]
impl NativeDjangoSigner {
    /// `None` for a digest that only Python has.
    #[staticmethod]
    fn make(salt: &str, digest: &str, secrets: Vec<Bytes>) -> Result<Option<Self>, Failure> {
        let Some(digest) = digest_named(digest) else { return Ok(None) };
        let keys = Keyring::newest_first(secrets)?;
        Ok(Some(Self(DjangoSigner::new(&keys, salt.as_bytes(), digest))))
    }

    /// `signature(value)` under the current key.
    fn signature(&self, value: &str) -> String {
        self.0.signature(value)
    }

    /// `sign(value)`, with a timestamp where there is one.
    fn sign(&self, value: &str, sep: &str, seconds: Option<i64>) -> String {
        self.seal(value.to_owned(), sep, seconds)
    }

    /// `unsign(signed)`; `None` where Django has to say why not.
    fn unsign<'t>(&self, signed: &'t Bound<'_, PyString>, sep: &str) -> Option<&'t str> {
        self.0.unsign(signed.to_str().ok()?, sep).ok().map(|(value, _)| value)
    }

    /// As `unsign`, with the timestamp that stands behind the value.
    fn unsign_timed<'t>(&self, signed: &'t Bound<'_, PyString>, sep: &str) -> Option<(&'t str, i64)> {
        DjangoSigner::unstamp(self.unsign(signed, sep)?, sep)
    }

    /// `sign_object(value, compress)`; `None` where Django's serializer has to, or over `most` bytes of JSON.
    fn dumps(
        &self,
        value: &Bound<'_, PyAny>,
        sep: &str,
        seconds: Option<i64>,
        compress: bool,
        most: usize,
    ) -> Result<Option<String>, Failure> {
        guard(|| {
            // Another class of dict may have other items than its dict has.
            if value.is_instance_of::<PyDict>() && !value.is_exact_instance_of::<PyDict>() {
                return Ok(None);
            }
            let text = convert::try_encode(value, spelling(true, true))?.filter(|text| text.len() <= most);
            Ok(text.map(|text| self.seal(pack(text.as_bytes(), compress), sep, seconds)))
        })
    }

    /// `unsign_object(signed)`, its timestamp, and the reason why there is nothing.
    fn loads<'py>(
        &self,
        py: Python<'py>,
        signed: &Bound<'py, PyString>,
        sep: &str,
        timed: bool,
        most: usize,
    ) -> Result<Loaded<'py>, Failure> {
        guard(|| {
            let signed = signed.to_str().map_err(|_| Reason::Malformed);
            let (text, seconds) = match signed.and_then(|signed| self.open(signed, sep, timed, most)) {
                Ok(opened) => opened,
                Err(reason) => return Ok((None, 0, Some(reason.code()))),
            };
            Ok(convert::decode(py, &text, Dialect::Plain).map_or_else(
                |_| {
                    // What only Python can't build, such as an int of too many digits, is malformed as well.
                    let reason = payload::scan(&text, Dialect::Plain).err().unwrap_or(Reason::Malformed);
                    (None, seconds, Some(reason.code()))
                },
                |value| (Some(value), seconds, None),
            ))
        })
    }
}

type Loaded<'py> = (Option<Bound<'py, PyAny>>, i64, Option<&'static str>);

impl NativeDjangoSigner {
    fn seal(&self, value: String, sep: &str, seconds: Option<i64>) -> String {
        let stamped = match seconds {
            Some(seconds) => DjangoSigner::stamp(value, sep, seconds),
            None => value,
        };
        self.0.sign(stamped, sep)
    }

    fn open(&self, signed: &str, sep: &str, timed: bool, most: usize) -> Result<(String, i64), Reason> {
        let (value, _) = self.0.unsign(signed, sep)?;
        let (packed, seconds) =
            if timed { DjangoSigner::unstamp(value, sep).ok_or(Reason::Malformed)? } else { (value, 0) };
        let bytes = unpack_within(packed, most)?;
        if bytes.len() > most {
            return Err(Reason::TooLarge);
        }
        // Django reads Latin-1, and what it writes is ASCII.
        let text = if bytes.is_ascii() {
            String::from_utf8(bytes).map_err(|_| Reason::Malformed)?
        } else {
            bytes.into_iter().map(char::from).collect()
        };
        Ok((text, seconds))
    }
}
