//! Set-Cookie with every attribute.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::fmt::Write;

use super::attributes::{Attributes, Place, prefix};
use crate::{
    error::{Reason, SealError},
    time::{Seconds, UnixMillis},
};

/// Browsers drop a longer name and value without a word.
const MAX_NAME_AND_VALUE: usize = 4096;
const MAX_AGE: Seconds = Seconds::days(400);

/// One cookie for the response: hosts take the struct, or the header line from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    name: String,
    value: String,
    attributes: Attributes,
    secure: bool,
    max_age: Option<Seconds>,
}

impl SetCookie {
    /// Refuses what a browser would drop. `max_age` of `None` makes a cookie that ends with the browser; over 400
    /// days it is cut to 400, as browsers do. `connection` says whether the request came over https.
    ///
    /// ```
    /// use shortcrust::{Attributes, Seconds, SetCookie};
    /// let cookie = SetCookie::new("id", "v1", &Attributes::default(), true, Some(Seconds(60)))?;
    /// assert_eq!(cookie.header(), "id=v1; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax");
    /// # Ok::<(), shortcrust::SealError>(())
    /// ```
    pub fn new(
        name: &str,
        value: &str,
        attributes: &Attributes,
        connection: bool,
        max_age: Option<Seconds>,
    ) -> Result<Self, SealError> {
        let size = name.len() + value.len();
        if size > MAX_NAME_AND_VALUE {
            let message = format!(
                "the session's cookie would have {size} bytes and browsers keep at most {MAX_NAME_AND_VALUE}: \
                 put less into the session, or keep sessions in a store"
            );
            return Err(SealError::new(Reason::TooLarge, message));
        }
        if !value.bytes().all(is_cookie_octet) {
            return Err(SealError::new(
                Reason::Malformed,
                "a cookie's value must be plain ASCII without ;,\"\\",
            ));
        }
        Ok(Self::unchecked(name, value, attributes, connection, max_age.map(|age| age.min(MAX_AGE))))
    }

    /// Carries the attributes of the cookie that it deletes.
    pub fn deletion(name: &str, attributes: &Attributes, connection: bool) -> Self {
        Self::unchecked(name, "", attributes, connection, Some(Seconds(0)))
    }

    /// Deletions of the cookies that may lie elsewhere; with `host_only` also without the `Domain`, under which a
    /// cookie from before there was one lies.
    pub(crate) fn deletions_elsewhere(
        name: &str,
        attributes: &Attributes,
        host_only: bool,
        connection: bool,
    ) -> Vec<Self> {
        if prefix(name).contains("Host-") {
            // Such a cookie has no Domain and Path=/, so it lies nowhere else.
            return Vec::new();
        }
        let here = Place { domain: attributes.domain.clone(), path: attributes.path.clone() };
        let mut places: Vec<Place> = Vec::new();
        for place in [&here].into_iter().chain(&attributes.elsewhere) {
            let bare = Place { domain: None, path: place.path.clone() };
            for place in [Some(place.clone()), host_only.then_some(bare)].into_iter().flatten() {
                if place != here && !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places
            .into_iter()
            .map(|Place { domain, path }| {
                let attributes = Attributes { domain, path, elsewhere: Vec::new(), ..attributes.clone() };
                Self::deletion(name, &attributes, connection)
            })
            .collect()
    }

    fn unchecked(
        name: &str,
        value: &str,
        attributes: &Attributes,
        connection: bool,
        max_age: Option<Seconds>,
    ) -> Self {
        let secure = attributes.is_secure(name, connection);
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
            attributes: attributes.clone(),
            secure,
            max_age,
        }
    }

    /// The cookie's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token; empty in a deletion.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The line after `Set-Cookie: `.
    pub fn header(&self) -> String {
        let Attributes { path, domain, http_only, same_site, partitioned, priority, .. } = &self.attributes;
        let mut line = format!("{}={}; Path={path}", self.name, self.value);
        let add = |line: &mut String, yes: bool, text: &str| line.push_str(if yes { text } else { "" });
        if let Some(domain) = domain {
            let _ = write!(line, "; Domain={}", domain.trim_start_matches('.'));
        }
        if let Some(Seconds(age)) = self.max_age {
            let _ = write!(line, "; Max-Age={age}");
            if age == 0 {
                let epoch = UnixMillis(0).to_http_date().unwrap_or_default();
                let _ = write!(line, "; Expires={epoch}");
            }
        }
        add(&mut line, self.secure, "; Secure");
        add(&mut line, *http_only, "; HttpOnly");
        if let Some(same_site) = same_site {
            let _ = write!(line, "; SameSite={}", same_site.as_str());
        }
        add(&mut line, *partitioned, "; Partitioned");
        if let Some(priority) = priority {
            let _ = write!(line, "; Priority={}", priority.as_str());
        }
        line
    }
}

/// `cookie-octet` of RFC 6265bis, section 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::{super::attributes::SameSite, *};

    #[test]
    fn an_oversized_or_strange_value_is_refused() {
        let attributes = Attributes::default();
        let set = |value: &str| SetCookie::new("s", value, &attributes, true, None);
        assert!(set(&"a".repeat(4095)).is_ok());
        assert_eq!(set(&"a".repeat(4096)).unwrap_err().reason(), Reason::TooLarge);
        for value in ["a;b", "a b", "a\tb", "a,b", "\"a\"", "a\\b", "ü", "a\r\nSet-Cookie: b=c"] {
            assert_eq!(set(value).unwrap_err().reason(), Reason::Malformed, "{value:?}");
        }
    }

    #[test]
    fn a_deletion_carries_the_attributes_of_the_cookie_it_deletes() {
        let attributes = Attributes {
            domain: Some(".example.com".into()),
            same_site: Some(SameSite::None),
            partitioned: true,
            ..Attributes::default()
        };
        assert_eq!(
            SetCookie::deletion("s", &attributes, false).header(),
            "s=; Path=/; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; \
             SameSite=None; Partitioned"
        );
    }

    fn elsewhere(name: &str, attributes: &Attributes, host_only: bool) -> Vec<String> {
        let places = SetCookie::deletions_elsewhere(name, attributes, host_only, false);
        places
            .iter()
            .map(|cookie| cookie.header().replace("s=; ", "").replace("; HttpOnly; SameSite=Lax", ""))
            .collect()
    }

    #[test]
    fn a_cookie_is_deleted_wherever_it_may_lie_once() {
        let gone = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let place = |domain: &str, path: &str| Place { domain: Some(domain.into()), path: path.into() };
        let attributes = Attributes {
            domain: Some("example.com".into()),
            elsewhere: vec![place("example.com", "/app"), place("example.com", "/")],
            ..Attributes::default()
        };
        assert_eq!(elsewhere("s", &attributes, false), [format!("Path=/app; Domain=example.com{gone}")]);
        let all = ["Path=/", "Path=/app; Domain=example.com", "Path=/app"];
        assert_eq!(elsewhere("s", &attributes, true), all.map(|place| format!("{place}{gone}")));
        assert_eq!(elsewhere("s", &Attributes::default(), true), [""; 0]);
        assert_eq!(elsewhere("__Host-s", &attributes, true), [""; 0]);
    }

    #[test]
    fn max_age_is_cut_to_400_days_as_browsers_do() {
        let cookie =
            SetCookie::new("s", "v", &Attributes::default(), false, Some(Seconds(u64::MAX))).unwrap();
        assert_eq!(cookie.header(), "s=v; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax");
    }
}
