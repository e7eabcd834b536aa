//! The request's values of one cookie name, and the response's Set-Cookie.

mod attributes;
mod parse;
mod set_cookie;

pub(crate) use attributes::base_name;
pub use attributes::{Attributes, Place, Priority, SameSite, Secure};
pub use parse::values;
pub use set_cookie::SetCookie;
