//! Another request was first: what this one writes, joined with what is there now.

use alloc::string::String;

use super::{
    Session,
    actions::Row,
    stored::{Leaving, Loaded, Target, Write},
    tables::{Met, Moving, moving},
};
use crate::{
    error::Reason,
    payload::written,
    record::{self, Record},
    time::UnixMillis,
};

impl Session {
    /// Another request has written, ended or taken over the record.
    pub(super) fn met(&mut self, mut write: Write, row: Option<&Row>, now: UnixMillis) {
        let went_on = if let Some(leaving) = write.leaving.take() {
            self.met_leaving(&mut write, &leaving, row)
        } else if let Some(target) = write.target.take() {
            self.met_target(&mut write, target, row)
        } else {
            Ok(())
        };
        match went_on {
            // Who wrote has touched it too.
            Ok(()) if write.is_touch() => self.settled(write, now),
            Ok(()) => self.start(write, now),
            Err(reason) => self.fail(reason),
        }
    }

    pub(super) fn met_leaving(
        &self,
        write: &mut Write,
        leaving: &Leaving,
        row: Option<&Row>,
    ) -> Result<(), Reason> {
        let (met, theirs) = leaving.row.met(row);
        let again = theirs.clone().map(|row| Leaving { row, why: leaving.why });
        match moving(leaving.why, met) {
            Moving::Ends => return Err(Reason::Ended),
            Moving::Lost => return Err(Reason::Identity),
            Moving::Goes => {}
            Moving::GoesBare => {
                write.leaving = again;
                self.rewrite(write, |target| written(self.settings.dialect, &target.base, &target.mine))?;
            }
            Moving::Joins => {
                let theirs = theirs.as_ref().and_then(Loaded::payload).ok_or(Reason::Internal)?;
                self.rewrite(write, |target| self.settings.merge(&target.base, &target.mine, theirs))?;
                write.leaving = again;
            }
            Moving::Leaves => write.leaving = again,
        }
        Ok(())
    }

    pub(super) fn met_target(
        &self,
        write: &mut Write,
        target: Target,
        row: Option<&Row>,
    ) -> Result<(), Reason> {
        let Some(over) = &target.over else { return self.met_created(write, target, row) };
        let (met, theirs) = over.met(row);
        let theirs = theirs.ok_or(Reason::Ended)?;
        if met == Met::Identity && !target.is_raised {
            return Err(Reason::Identity);
        }
        if target.is_touch {
            write.target = Some(Target { record: theirs.record.clone(), over: Some(theirs), ..target });
            return Ok(());
        }
        let times = (theirs.record.renewed, theirs.record.expires);
        let mut target = target;
        if target.is_raised {
            target.record.epoch = theirs.record.epoch + 1;
        } else {
            let their_payload = theirs.payload().ok_or(Reason::Internal)?;
            let merged = self.settings.merge(&target.base, &target.mine, their_payload)?;
            self.set_payload(&mut target.record, merged)?;
            target.record.label = target.record.label.or_else(|| theirs.record.label.clone());
        }
        target.record.renewed = target.record.renewed.max(times.0);
        target.record.expires = target.record.expires.max(times.1);
        write.target = Some(Target { over: Some(theirs), ..target });
        Ok(())
    }

    /// Another first request with the same old cookie has created the record: this write goes on from there.
    pub(super) fn met_created(
        &self,
        write: &mut Write,
        target: Target,
        row: Option<&Row>,
    ) -> Result<(), Reason> {
        let mut over = Loaded {
            id: target.id.clone(),
            key: target.key.clone(),
            version: 0,
            record: target.record.clone(),
            base: target.base.clone(),
        };
        let (_, theirs) = over.met(row);
        over = theirs.ok_or(Reason::Ended)?;
        let is_touch = target.mine == target.base;
        let merged = match over.payload() {
            Some(theirs) => self.settings.merge(&target.base, &target.mine, theirs)?,
            None => return Err(Reason::Internal),
        };
        let mut target = Target { is_touch, ..target };
        let label = target.record.label.or_else(|| over.record.label.clone());
        target.record = Record { epoch: over.record.epoch, label, ..target.record };
        if is_touch {
            target.record = over.record.clone();
        } else {
            self.set_payload(&mut target.record, merged)?;
        }
        write.target = Some(Target { over: Some(over), ..target });
        Ok(())
    }

    /// Other data for the record that is to be created.
    pub(super) fn rewrite(
        &self,
        write: &mut Write,
        payload: impl FnOnce(&Target) -> Result<String, Reason>,
    ) -> Result<(), Reason> {
        let Some(target) = &mut write.target else { return Ok(()) };
        let payload = payload(target)?;
        self.set_payload(&mut target.record, payload)
    }

    pub(super) fn set_payload(&self, record: &mut Record, payload: String) -> Result<(), Reason> {
        record.user = self.user_in(&payload);
        self.check(&payload, crate::format::MAX_RECORD).map_err(|error| error.reason())?;
        record.content = record::Content::Payload(payload);
        Ok(())
    }
}
