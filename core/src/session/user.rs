//! Whose session it is: whom a login told, or whom its data name. A change of user is a login, however it is made.

use alloc::{borrow::ToOwned, string::String};

use super::{Content, Session, identity::Identity, revocation::Excepted, tables::Leave};
use crate::time::UnixMillis;

impl Session {
    /// Whose session it is: whom a login told, or whom its data name.
    pub fn user(&mut self) -> Option<String> {
        if self.meta.user.is_some() || self.settings.is_drop_in {
            return self.meta.user.clone();
        }
        self.identity().user().map(ToOwned::to_owned)
    }

    /// A change of user is a login or logout, however the application makes it.
    pub(super) fn follow_identity(&mut self, content: &Content<'_>, now: UnixMillis) {
        let Content::Changed(mine) = content else { return };
        let is_fixed = self.is_head_given && self.stored.is_some();
        if self.settings.is_drop_in || self.suppressed || is_fixed {
            return;
        }
        let new = self.settings.identity_keys.of(mine);
        if self.is_told {
            self.identity = Some(new);
            return;
        }
        let told = self.meta.user.clone();
        if self.identity().is_changed(&new, told.as_deref()) {
            let user = new.user().map(ToOwned::to_owned);
            let old = told.or_else(|| self.identity().user().map(ToOwned::to_owned));
            if user != old {
                // A nobody's data come along.
                self.bare |= old.is_some();
                self.begin_anew(if old.is_some() { Leave::End } else { Leave::Login }, now);
                (self.meta.user, self.begins_for) = (user.clone(), user);
                self.excepted = Some(Excepted::AllBefore);
            }
        }
        self.identity = Some(new);
    }

    pub(super) fn identity(&mut self) -> &Identity {
        let (settings, incoming) = (&self.settings, &self.incoming);
        let of_incoming = || {
            let payload = incoming.as_ref().map_or("{}", |incoming| incoming.payload.as_str());
            settings.identity_keys.of(payload)
        };
        self.identity.get_or_insert_with(of_incoming)
    }

    /// The user is not in the data: with a login the session is more than what it holds.
    pub(super) fn keeps_empty(&self) -> bool {
        let is_named = || self.identity.as_ref().is_some_and(|identity| identity.user().is_some());
        self.meta.user.is_some() && !self.settings.identity_keys.is_configured() && !is_named()
    }

    /// As a login told, or where the application keeps its user.
    pub(super) fn user_in(&self, payload: &str) -> Option<String> {
        if self.settings.is_drop_in {
            return self.meta.user.clone();
        }
        let keys = &self.settings.identity_keys;
        let identity = keys.of(payload);
        let in_data = identity.user().map(ToOwned::to_owned);
        if keys.is_configured() {
            in_data.or_else(|| self.meta.user.clone())
        } else {
            self.meta.user.clone().or(in_data)
        }
    }
}
