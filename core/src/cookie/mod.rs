//! The request's values of one cookie name, and the response's Set-Cookie.

mod parse;
mod set_cookie;

pub use parse::values;
pub(crate) use set_cookie::base_name;
pub use set_cookie::{Attributes, Place, Priority, SameSite, Secure, SetCookie};
