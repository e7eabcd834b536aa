//! Sessions in a store: what to ask for, what to write, and what came of it. The host runs the I/O.

use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use shortcrust::{Action, Content, Opening, Outcome, Reason, Row, Step, UnixMillis, record};

use crate::{
    ambient::Dice,
    convert,
    error::{self, Result},
    session::{Engine, Opened, Session},
};

/// A request whose session waits for a store.
#[napi]
pub struct Pending(Option<shortcrust::Pending>, shortcrust::Engine);

/// What a store has under a key.
#[napi(object)]
pub struct StoreRow {
    /// Raised by each write.
    pub version: i64,
    /// The record.
    pub text: String,
}

/// Something to do at a store.
#[napi(object, object_from_js = false)]
pub struct StoreAction {
    /// `create`, `delete`, `put` or `save`.
    pub kind: &'static str,
    /// A hash of the id.
    pub key: String,
    /// For `save`: what must be there.
    pub version: Option<i64>,
    /// The record, but for `delete`.
    pub text: Option<String>,
    /// For the index by user.
    pub user: Option<String>,
    /// When it may be swept, in milliseconds.
    pub expires: Option<i64>,
}

/// Actions in their order.
#[napi]
pub struct Actions(shortcrust::Actions);

/// What became of a session's writes.
#[napi]
pub struct Report(shortcrust::Report);

/// What came of actions.
#[napi(object, object_from_js = false)]
pub struct Next {
    /// Another request was first: run these.
    pub again: Option<Actions>,
    /// All is done.
    pub report: Option<Report>,
}

/// A session, or what waits for a store.
#[napi(object, object_from_js = false)]
pub struct Begun {
    /// Where no store has to be asked.
    pub opened: Option<Opened>,
    /// Where one has.
    pub pending: Option<Pending>,
}

#[napi]
impl Engine {
    /// As `open`, where a store may have to be asked first.
    #[napi(catch_unwind)]
    pub fn begin(&self, cookie_header: String, now_ms: i64) -> Begun {
        let now = UnixMillis(now_ms);
        match self.0.open(&cookie_header, now) {
            Opening::Load(pending) => {
                Begun { opened: None, pending: Some(Pending(Some(pending), self.0.clone())) }
            }
            Opening::Ready(session) => Begun { opened: Some(self.shown(now, || session)), pending: None },
            _ => Begun { opened: Some(self.open(String::new(), now_ms)), pending: None },
        }
    }

    /// What ends all sessions in cookies that `user` began until now, but for one.
    #[napi(catch_unwind)]
    pub fn revoke_all(&self, user: String, but: Option<&Session>, now_ms: i64) -> Vec<StoreAction> {
        let except = but.and_then(|session| session.0.meta().id);
        let actions = self.0.revoke_all(&user, except.as_ref(), UnixMillis(now_ms));
        actions.iter().map(StoreAction::from).collect()
    }
}

#[napi]
impl Pending {
    /// What the store is to be asked for, all at once.
    #[napi(getter, catch_unwind)]
    pub fn keys(&self) -> Vec<String> {
        self.0.as_ref().map(|pending| pending.keys().to_vec()).unwrap_or_default()
    }

    /// Takes what the store has, in the order of the keys.
    #[napi(catch_unwind)]
    pub fn loaded(&mut self, rows: Vec<Option<StoreRow>>, now_ms: i64) -> Result<Opened> {
        let rows: Vec<Option<Row>> = rows.into_iter().map(|row| row.map(Row::from)).collect();
        let (pending, now) = (self.taken()?, UnixMillis(now_ms));
        Ok(Engine(self.1.clone()).shown(now, || pending.loaded(&rows, now)))
    }

    /// The store failed: an empty session that writes nothing.
    #[napi(catch_unwind)]
    pub fn failed(&mut self, now_ms: i64) -> Result<Opened> {
        let pending = self.taken()?;
        Ok(Engine(self.1.clone()).shown(UnixMillis(now_ms), || pending.failed()))
    }

    fn taken(&mut self) -> Result<shortcrust::Pending> {
        self.0.take().ok_or_else(|| error::option("pending", "used", "once"))
    }
}

#[napi]
impl Session {
    /// What the store is to do for what the handler left; `settle` takes the report. As `Engine.close` otherwise.
    #[napi(catch_unwind)]
    pub fn finish(
        &mut self,
        host_json: Option<String>,
        kinds: String,
        now_ms: i64,
        entropy: Option<Uint8Array>,
    ) -> Result<Actions> {
        let payload = convert::left(&self.0, host_json.as_deref(), &kinds)?;
        let content = payload.as_deref().map_or(Content::Unchanged, Content::Changed);
        let actions = self.0.finish(&content, UnixMillis(now_ms), &mut Dice::from(entropy));
        actions.map(Actions).map_err(error::seal)
    }

    /// Later writes build upon what became of these.
    #[napi(catch_unwind)]
    pub fn settle(&mut self, report: &Report) {
        self.0.settle(&report.0);
    }
}

#[napi]
impl Actions {
    /// In the order in which they must be run.
    #[napi(getter, catch_unwind)]
    pub fn list(&self) -> Vec<StoreAction> {
        self.0.as_slice().iter().map(StoreAction::from).collect()
    }

    /// Takes what came of them: `done`, `exists`, `gone`, `failed`, or the row that is there instead.
    #[napi(catch_unwind)]
    pub fn done(&self, said: Vec<Either<String, StoreRow>>) -> Result<Next> {
        let outcomes = said.into_iter().map(outcome).collect::<Result<_>>()?;
        Ok(match self.0.clone().done(outcomes) {
            Step::Again(actions) => Next { again: Some(Actions(actions)), report: None },
            Step::Done(report) => Next { again: None, report: Some(Report(report)) },
            _ => Next { again: None, report: None },
        })
    }
}

#[napi]
impl Report {
    /// How often another request was first.
    #[napi(getter, catch_unwind)]
    pub fn conflicts(&self) -> u32 {
        self.0.conflicts
    }

    /// Why something was not written; none where all was.
    #[napi(getter, catch_unwind)]
    pub fn reason(&self) -> Option<&'static str> {
        self.0.reason.map(Reason::code)
    }
}

impl From<StoreRow> for Row {
    fn from(row: StoreRow) -> Self {
        Self { version: row.version, text: row.text }
    }
}

impl From<&Action> for StoreAction {
    fn from(action: &Action) -> Self {
        let (kind, key, version, entry) = match action {
            Action::Create { key, entry } => ("create", key, None, Some(entry)),
            Action::Delete { key } => ("delete", key, None, None),
            Action::Put { key, entry } => ("put", key, None, Some(entry)),
            Action::Save { key, version, entry } => ("save", key, Some(*version), Some(entry)),
            _ => ("unknown", const { &String::new() }, None, None),
        };
        Self {
            kind,
            key: key.clone(),
            version,
            text: entry.map(|entry| entry.text.clone()),
            user: entry.and_then(|entry| entry.user.clone()),
            expires: entry.and_then(|entry| entry.expires).map(|time| time.0),
        }
    }
}

fn outcome(said: Either<String, StoreRow>) -> Result<Outcome> {
    Ok(match said {
        Either::A(word) => match word.as_str() {
            "done" => Outcome::Done,
            "exists" => Outcome::Exists,
            "failed" => Outcome::Failed,
            "gone" => Outcome::Gone,
            other => return Err(error::option("outcome", other, "done, exists, failed or gone")),
        },
        Either::B(row) => Outcome::Conflict(row.into()),
    })
}

/// When the session of a record began and was last renewed, in milliseconds; null where it has ended.
#[napi(catch_unwind)]
pub fn record_times(text: String) -> Option<Vec<i64>> {
    let record = record::Record::parse(&text).ok()?;
    matches!(record.content, record::Content::Payload(_)).then(|| vec![record.created.0, record.renewed.0])
}
