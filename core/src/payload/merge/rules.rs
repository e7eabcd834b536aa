//! Numbers that two requests raise at once.

use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
};

use super::{
    super::writer::Writer,
    side::{Side, is_float},
};
use crate::error::ConfigError;

/// What is merged otherwise than by the general law: numbers whose changes are added up.
///
/// Only the application knows that a number counts something, so it names them: by path, with a dot between levels.
///
/// ```
/// use shortcrust::payload::{Dialect, MergeRules};
/// let rules = MergeRules::default().with("visits", "add")?;
/// let merged = rules.merge(Dialect::Plain, r#"{"visits":5}"#, r#"{"visits":6}"#, r#"{"visits":8}"#);
/// assert_eq!(merged.as_deref(), Ok(r#"{"visits":9}"#));
/// # Ok::<(), shortcrust::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeRules {
    adds: bool,
    below: BTreeMap<String, MergeRules>,
}

impl MergeRules {
    /// The rules of a configuration, each as [`with`](Self::with) takes it.
    pub fn named<P: AsRef<str>, R: AsRef<str>>(
        rules: impl IntoIterator<Item = (P, R)>,
    ) -> Result<Self, ConfigError> {
        let with = |named: Self, (path, rule): (P, R)| named.with(path.as_ref(), rule.as_ref());
        rules.into_iter().try_fold(Self::default(), with)
    }

    /// Names a path, such as `visits` or `stats.views`, and its rule. `add` is the only one: both differences are added,
    /// of integers exactly, of other numbers as floats of 64 bits. A number that is not there yet counts as 0, one that
    /// was deleted stays deleted, and where one of them is no number, the later wins.
    ///
    /// A key that has a dot itself can't be named. An error (`merge`) for another rule, and for a path with an empty step.
    pub fn with(mut self, path: &str, rule: &str) -> Result<Self, ConfigError> {
        if rule != "add" {
            let message =
                format!("merge: {path} has the rule {rule:?}: write \"add\", the only one there is");
            return Err(ConfigError::new("merge", message));
        }
        if path.split('.').any(str::is_empty) {
            let message = format!(
                "merge: {path:?} is no path: write the keys with a dot between them, such as stats.views"
            );
            return Err(ConfigError::new("merge", message));
        }
        let at = path.split('.').fold(&mut self, |rules, key| rules.below.entry(key.to_owned()).or_default());
        at.adds = true;
        Ok(self)
    }

    /// No path is named.
    pub fn is_empty(&self) -> bool {
        self.below.is_empty()
    }

    pub(super) fn below(&self, key: &[u8]) -> Option<&Self> {
        self.below.get(core::str::from_utf8(key).ok()?)
    }

    pub(super) fn adds(&self) -> bool {
        self.adds
    }
}

fn number(side: Side<'_>) -> Option<(f64, &str)> {
    Some((side.node.as_number()?, side.raw()))
}

/// A number with the differences of both; `None` where there is none.
pub(super) fn sum(base: Option<Side<'_>>, mine: Side<'_>, theirs: Side<'_>) -> Option<String> {
    let base = base.map_or(Some((0.0, "0")), number)?;
    let numbers = [base, number(mine)?, number(theirs)?];
    if numbers.iter().any(|(value, text)| is_float(text) || !value.is_finite()) {
        let [base, mine, theirs] = numbers.map(|(value, _)| value);
        let sum = theirs + (mine - base);
        return sum.is_finite().then(|| float(sum));
    }
    let [base, mine, theirs] = numbers.map(|(_, text)| text.parse::<i128>().ok());
    Some(mine?.checked_sub(base?)?.checked_add(theirs?)?.to_string())
}

fn float(value: f64) -> String {
    let mut writer = Writer::new(false);
    writer.float(value);
    writer.finish()
}
