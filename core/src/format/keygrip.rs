//! The signatures of keygrip (1.1), which cookie-session, koa and cookies put into a cookie beside the one signed.

use alloc::string::String;

use crate::{
    crypto::{Digest, Mac},
    encoding::base64url,
};

/// keygrip's signature of `data`, in its default encoding.
///
/// ```
/// use shortcrust::{Digest, format::keygrip_sign};
/// assert_eq!(keygrip_sign(Digest::Sha1, b"SEKRIT", b"Hello"), "tYd2ARCVIHJWgKyKAcUgZpHe3OI");
/// ```
pub fn keygrip_sign(digest: Digest, key: &[u8], data: &[u8]) -> String {
    base64url(&Mac::new(digest, key).sign(data))
}
