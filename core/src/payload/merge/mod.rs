//! Two requests changed one session: their changes are joined, key by key.

mod rules;
mod same;
mod side;

use alloc::{string::String, vec, vec::Vec};

pub use self::rules::MergeRules;
use self::{
    same::{Same, equal},
    side::{Items, Side},
};
use super::{
    Dialect,
    text::Text,
    tree::{Map, Node},
    writer::{MapScope, Writer},
};
use crate::error::Reason;

/// Joins what changed from `base` to `mine` with what changed from `base` to `theirs`.
///
/// - Objects are merged key by key, at every level. A deletion beats a change.
/// - A list that one side only appended to: what it appended goes behind what the other side made of the list, and that
///   is nothing where the other side deleted it. Where both appended, theirs comes first. A list that both made anew
///   was empty before, unless both made the same one.
/// - Everything else is one value, tuples and other tagged values too. Where both changed it, `mine`, the later one,
///   wins; numbers may be added up instead ([`MergeRules`]).
///
/// The work grows with the length of the three texts, however deep they are.
///
/// ```
/// use shortcrust::payload::{Dialect, merge};
/// let merged = merge(Dialect::Plain, r#"{"n":1,"cart":{}}"#, r#"{"n":2,"cart":{}}"#, r#"{"n":1,"cart":{"tea":1}}"#)?;
/// assert_eq!(merged, r#"{"n":2,"cart":{"tea":1}}"#);
/// let merged = merge(Dialect::Plain, r#"{"cart":[1]}"#, r#"{"cart":[1,2]}"#, r#"{"cart":[1,3]}"#)?;
/// assert_eq!(merged, r#"{"cart":[1,3,2]}"#);
/// # Ok::<(), shortcrust::Reason>(())
/// ```
pub fn merge(dialect: Dialect, base: &str, mine: &str, theirs: &str) -> Result<String, Reason> {
    MergeRules::default().merge(dialect, base, mine, theirs)
}

impl MergeRules {
    /// As [`merge`], with these rules.
    pub fn merge(&self, dialect: Dialect, base: &str, mine: &str, theirs: &str) -> Result<String, Reason> {
        let tags = dialect == Dialect::Tagged;
        let nodes = [Node::parse(base, tags)?, Node::parse(mine, tags)?, Node::parse(theirs, tags)?];
        let texts = [base, mine, theirs];
        let [base, mine, theirs] = [0, 1, 2].map(|at| Side { text: texts[at], node: &nodes[at] });
        let merger = Merger { tags, mine_same: Same::new(base, mine), theirs_same: Same::new(base, theirs) };
        let place = Place { base: Some(base), mine: Some(mine), theirs: Some(theirs), rules: Some(self) };
        Ok(merger.document(place))
    }
}

/// What stands under one path in the three documents.
#[derive(Clone, Copy)]
struct Place<'t> {
    base: Option<Side<'t>>,
    mine: Option<Side<'t>>,
    theirs: Option<Side<'t>>,
    rules: Option<&'t MergeRules>,
}

impl<'t> Place<'t> {
    fn below(self, key: &[u8]) -> Self {
        let get = |side: Option<Side<'t>>| side.and_then(|side| side.get(key));
        Self {
            base: get(self.base),
            mine: get(self.mine),
            theirs: get(self.theirs),
            rules: self.rules.and_then(|rules| rules.below(key)),
        }
    }
}

/// What is to stand there.
enum Verdict<'t> {
    Gone,
    Items(Items<'t>, Items<'t>),
    Map(Place<'t>),
    Number(String),
    Raw(&'t str),
}

/// What is still to be written; the last comes first.
enum Task<'t> {
    EndMap(MapScope),
    Key(MapScope, &'t [u8]),
    Value(Verdict<'t>),
}

struct Merger {
    tags: bool,
    mine_same: Same,
    theirs_same: Same,
}

impl Merger {
    fn document(&self, root: Place<'_>) -> String {
        let mut out = Writer::new(false);
        let mut tasks = vec![Task::Value(self.verdict(root))];
        while let Some(task) = tasks.pop() {
            match task {
                Task::EndMap(scope) => out.end_map(scope),
                Task::Key(scope, key) => out.key(scope, Text::from(key)),
                Task::Value(Verdict::Gone) => {}
                Task::Value(Verdict::Items(first, behind)) => {
                    out.begin_list();
                    for items in [first, behind] {
                        items.nodes.iter().for_each(|node| out.raw(&items.text[node.range.clone()]));
                    }
                    out.end_list();
                }
                Task::Value(Verdict::Map(place)) => self.map(place, &mut out, &mut tasks),
                Task::Value(Verdict::Number(text)) => out.raw(&text),
                Task::Value(Verdict::Raw(text)) => out.raw(text),
            }
        }
        out.finish()
    }

    fn map<'t>(&self, place: Place<'t>, out: &mut Writer, tasks: &mut Vec<Task<'t>>) {
        let entries = self.entries(place);
        let only_key = match entries.as_slice() {
            [(key, _)] if self.tags => Some(Text::from(*key)),
            _ => None,
        };
        let scope = out.begin_map(only_key);
        tasks.push(Task::EndMap(scope));
        for (key, verdict) in entries.into_iter().rev() {
            tasks.extend([Task::Value(verdict), Task::Key(scope, key)]);
        }
    }

    /// Theirs in their order, then what only we have.
    fn entries<'t>(&self, place: Place<'t>) -> Vec<(&'t [u8], Verdict<'t>)> {
        let keys = |side: Option<Side<'t>>| {
            let entries = side.and_then(Side::map).map(Map::entries).unwrap_or_default();
            entries.iter().map(|entry| entry.key.as_slice())
        };
        let fresh = keys(place.mine).filter(|key| place.theirs.is_none_or(|side| side.get(key).is_none()));
        keys(place.theirs)
            .chain(fresh)
            .map(|key| (key, self.verdict(place.below(key))))
            .filter(|(_, verdict)| !matches!(verdict, Verdict::Gone))
            .collect()
    }

    fn verdict<'t>(&self, place: Place<'t>) -> Verdict<'t> {
        let Place { base, mine, theirs, rules } = place;
        let raw = |side: Option<Side<'t>>| side.map_or(Verdict::Gone, |side| Verdict::Raw(side.raw()));
        if unchanged(&self.mine_same, base, mine) {
            return raw(theirs);
        }
        if unchanged(&self.theirs_same, base, theirs) {
            return raw(mine);
        }
        if let Some(items) = self.appended(base, mine, theirs) {
            return items;
        }
        // Both changed it, so where one is gone it was deleted.
        let (Some(mine), Some(theirs)) = (mine, theirs) else { return Verdict::Gone };
        if mine.map().is_some() && theirs.map().is_some() {
            return Verdict::Map(place);
        }
        rules
            .filter(|rules| rules.adds())
            .and_then(|_| rules::sum(base, mine, theirs))
            .map_or(Verdict::Raw(mine.raw()), Verdict::Number)
    }

    /// What one side appended goes behind what the other made of the list.
    fn appended<'t>(
        &self,
        base: Option<Side<'t>>,
        mine: Option<Side<'t>>,
        theirs: Option<Side<'t>>,
    ) -> Option<Verdict<'t>> {
        // A list that is no more has no elements.
        let all = |side: Option<Side<'t>>| match side {
            Some(side) => side.list().map(|_| side.items(0)),
            None => Some(Items { text: "", nodes: &[] }),
        };
        let mine_all = all(mine)?;
        let theirs_all = all(theirs)?;
        if base.is_none() && mine.zip(theirs).is_some_and(|(mine, theirs)| equal(mine, theirs)) {
            return None;
        }
        if let Some(tail) = tail(&self.mine_same, base, mine) {
            return Some(Verdict::Items(theirs_all, tail));
        }
        tail(&self.theirs_same, base, theirs).map(|tail| Verdict::Items(mine_all, tail))
    }
}

fn unchanged(same: &Same, base: Option<Side<'_>>, side: Option<Side<'_>>) -> bool {
    match (base, side) {
        (None, None) => true,
        (Some(_), Some(side)) => same.is(side.node),
        _ => false,
    }
}

/// What stands behind the base's elements, where they all are there still.
fn tail<'t>(same: &Same, base: Option<Side<'t>>, side: Option<Side<'t>>) -> Option<Items<'t>> {
    let side = side?;
    let len = base.map_or(Some(0), |base| base.list().map(<[Node]>::len))?;
    let kept = side.list()?.get(..len)?;
    kept.iter().all(|item| same.is(item)).then(|| side.items(len))
}
