//! How long a session lives: arithmetic on times that others tell.

use alloc::format;

use crate::{
    error::{ConfigError, Reason},
    meta::{Carries, Meta},
    time::{Seconds, UnixMillis},
};

/// Idle and absolute expiry, renewal and persistence are four separate things.
///
/// The default is that of our own fronts (OWASP asks for both expiries):
///
/// ```
/// use shortcrust::{Policy, Seconds};
/// let policy = Policy::default();
/// assert_eq!(policy.idle, Some(Seconds::days(14)));
/// assert_eq!(policy.absolute, Some(Seconds::days(90)));
/// assert_eq!(policy.renew_after, Some(Seconds(302_400))); // a quarter of idle
/// assert_eq!((policy.persistent, policy.skew), (true, Seconds(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Ends a session that was not written or renewed for this long.
    pub idle: Option<Seconds>,
    /// Ends a session this long after it began, whatever happens.
    pub absolute: Option<Seconds>,
    /// A request that only read seals the session again when its token is this old.
    pub renew_after: Option<Seconds>,
    /// The cookie outlives the browser (`Max-Age`); expiry is enforced here in either case.
    pub persistent: bool,
    /// How far in the future a token may be issued: clocks differ. Never extends an expiry of idle or absolute.
    pub skew: Seconds,
}

impl Default for Policy {
    fn default() -> Self {
        let idle = Seconds::days(14);
        Self {
            idle: Some(idle),
            absolute: Some(Seconds::days(90)),
            renew_after: Some(Seconds(idle.0 / 4)),
            persistent: true,
            skew: Seconds(60),
        }
    }
}

impl Policy {
    /// No expiry, no renewal, no skew: what a bare codec does.
    pub const NONE: Self =
        Self { idle: None, absolute: None, renew_after: None, persistent: false, skew: Seconds(0) };

    /// Whether a session with these times may be used at `now`.
    ///
    /// Ages are compared in whole seconds and the limit itself is still good, as in itsdangerous (2.2, `max_age`).
    pub fn check(&self, meta: &Meta, now: UnixMillis) -> Result<(), Reason> {
        let over = |since: Option<UnixMillis>, limit: Option<Seconds>| match (since, limit) {
            (Some(since), Some(limit)) => now.secs().saturating_sub(since.secs()) > as_i64(limit),
            _ => false,
        };
        let future = now.secs().saturating_add(as_i64(self.skew));
        if meta.issued.is_some_and(|issued| issued.secs() > future) {
            return Err(Reason::NotYetValid);
        }
        let ended = meta.expires.is_some_and(|end| now > end.plus(self.skew));
        if ended || over(meta.issued, self.idle) || over(meta.created, self.absolute) {
            return Err(Reason::Expired);
        }
        Ok(())
    }

    /// When a session sealed at `issued` ends at the latest, if ever. No end is after the year 9999: stores and other
    /// languages have no later time.
    pub fn expires(&self, issued: UnixMillis, created: UnixMillis) -> Option<UnixMillis> {
        let idle = self.idle.map(|span| issued.plus(span));
        let absolute = self.absolute.map(|span| created.plus(span));
        [idle, absolute].into_iter().flatten().min().map(|end| end.min(UnixMillis::LAST))
    }

    pub(crate) fn renewal_is_due(&self, meta: &Meta, now: UnixMillis) -> bool {
        let age = meta.issued.map(|issued| now.secs().saturating_sub(issued.secs()));
        matches!((age, self.renew_after), (Some(age), Some(after)) if age >= as_i64(after))
    }

    /// A policy that the format can't keep is refused when it is configured, not ignored at run time.
    pub(crate) fn fits(&self, format: &str, carries: Carries) -> Result<(), ConfigError> {
        let needs = [
            ("idle", self.idle.is_some() && !carries.issued, "when it was sealed"),
            ("renew_after", self.renew_after.is_some() && !carries.issued, "when it was sealed"),
            ("absolute", self.absolute.is_some() && !carries.created, "when the session began"),
        ];
        match needs.iter().find(|need| need.1) {
            None => Ok(()),
            Some((option, _, lacks)) => Err(ConfigError::new(
                "policy",
                format!(
                    "format {format} does not carry {lacks}, which the policy's `{option}` needs: use format \
                     sealed, or meta = \"payload\" (a reserved key in the payload), or set `{option}` to none"
                ),
            )),
        }
    }

    /// Refuses limits that end a session as soon as it has begun, or before a reader renews it.
    pub(crate) fn lets_sessions_live(&self) -> Result<(), ConfigError> {
        let limits = [("idle", self.idle), ("absolute", self.absolute)];
        if let Some((name, _)) = limits.iter().find(|(_, limit)| *limit == Some(Seconds(0))) {
            let message = format!(
                "`{name}` is 0, so that every session ends a second after it was written: give a number of seconds, \
                 or none for a session that does not end by it"
            );
            return Err(ConfigError::new("policy", message));
        }
        match (self.idle, self.renew_after) {
            (Some(idle), Some(after)) if after > idle => {
                let message = "renew_after is longer than idle, so that a session ends before it is renewed: \
                               make it shorter, such as a quarter of idle";
                Err(ConfigError::new("policy", message))
            }
            _ => Ok(()),
        }
    }
}

fn as_i64(span: Seconds) -> i64 {
    i64::try_from(span.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn absolute_expiry_is_never_passed_however_often_a_session_is_renewed(
            gaps in prop::collection::vec(0_i64..2_000_000_000, 1..40),
        ) {
            let policy = Policy::default();
            let created = UnixMillis::from_secs(1_800_000_000);
            let mut now = created;
            let mut meta = Meta { issued: Some(created), created: Some(created), ..Meta::default() };
            for gap in gaps {
                now = UnixMillis(now.0 + gap);
                let verdict = policy.check(&meta, now);
                let age = now.secs() - created.secs();
                if age > 90 * 86_400 { prop_assert_eq!(verdict, Err(Reason::Expired)); }
                if verdict.is_err() { break; }
                meta.expires = policy.expires(now, created);
                meta.issued = Some(now);
            }
        }

        #[test]
        fn skew_accepts_the_near_future_and_extends_no_idle_or_absolute_expiry(ahead in -120_i64..120) {
            let policy = Policy { idle: Some(Seconds(0)), ..Policy::default() };
            let now = UnixMillis::from_secs(1_800_000_000);
            let issued = UnixMillis::from_secs(now.secs() + ahead);
            let want = match ahead {
                ..0 => Err(Reason::Expired),
                0..=60 => Ok(()),
                _ => Err(Reason::NotYetValid),
            };
            prop_assert_eq!(policy.check(&Meta { issued: Some(issued), ..Meta::default() }, now), want);
        }
    }

    #[test]
    fn limits_with_which_no_session_lives_are_refused() {
        let some = |seconds| Some(Seconds(seconds));
        let policy = Policy::default();
        let tried = |policy: Policy| policy.lets_sessions_live().map_err(|error| error.to_string());
        let late = Policy { idle: some(60), renew_after: some(61), ..policy };
        assert!(tried(late).is_err_and(|text| text.contains("renew_after is longer than idle")));
        for none in [Policy { idle: some(0), ..policy }, Policy { absolute: some(0), ..policy }] {
            assert!(tried(none).is_err_and(|text| text.contains("is 0, so that every session ends")));
        }
        for fine in [
            policy,
            Policy::NONE,
            Policy { idle: some(60), renew_after: some(60), ..policy },
            Policy { idle: some(60), renew_after: some(0), ..policy },
            Policy { idle: None, renew_after: some(61), ..policy },
        ] {
            assert_eq!(tried(fine), Ok(()));
        }
    }
}
