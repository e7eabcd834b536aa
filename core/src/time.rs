//! Points in time and spans; there is no `now()` here.

use alloc::{format, string::String};

/// Milliseconds since 1970-01-01T00:00:00Z. Formats that keep seconds round down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// The latest end of a session: RFC 3339, HTTP dates and Python's `datetime` know no year above 9999, and a time
    /// zone may be a day ahead.
    pub(crate) const LAST: Self = Self(253_402_214_400_000);
    /// The beginning of the year 1, a day later for time zones.
    pub(crate) const FIRST: Self = Self(-62_135_510_400_000);

    /// From whole seconds; saturates.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Later by a span; saturates.
    #[must_use]
    pub const fn plus(self, span: Seconds) -> Self {
        Self(self.0.saturating_add_unsigned(span.0.saturating_mul(1000)))
    }

    /// RFC 3339 with whole seconds, as PASETO writes `iat` and `exp`. What is outside of the years 1 to 9999 becomes
    /// their first or last: another year would not be read again.
    ///
    /// ```
    /// # use shortcrust::UnixMillis;
    /// assert_eq!(UnixMillis(1_800_000_000_999).to_rfc3339(), "2027-01-15T08:00:00Z");
    /// ```
    pub fn to_rfc3339(self) -> String {
        let Civil { year, month, day, hour, minute, second, .. } =
            Civil::of(self.in_years_of_four_digits().secs());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    pub(crate) fn in_years_of_four_digits(self) -> Self {
        let (first, last) = (Self(-62_135_596_800_000), Self(253_402_300_799_999));
        self.clamp(first, last)
    }

    /// As JavaScript's `Date.prototype.toISOString`; `None` outside the years 0 to 9999.
    pub(crate) fn to_iso(self) -> Option<String> {
        let Civil { year, month, day, hour, minute, second, .. } = Civil::of(self.secs());
        let millis = self.0.rem_euclid(1000);
        (0..=9999)
            .contains(&year)
            .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"))
    }

    /// Reads RFC 3339 with any offset and fraction (section 5.6); `None` for anything else.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shape = bytes.get(..19)?;
        let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if separators.iter().any(|&(at, byte)| !shape[at].eq_ignore_ascii_case(&byte)) {
            return None;
        }
        let number = |at: usize, len: usize| digits(&bytes[at..at + len]);
        let days = days_from_civil(number(0, 4)?, number(5, 2)?, number(8, 2)?)?;
        let clock = seconds_of_day(number(11, 2)?, number(14, 2)?, number(17, 2)?)?;
        let (millis, zone) = fraction(&bytes[19..])?;
        Some(Self((days * 86_400 + clock - offset(zone)?) * 1000 + millis))
    }

    /// The `IMF-fixdate` of RFC 9110 section 5.6.7; `None` outside the years 1 to 9999.
    pub fn to_http_date(self) -> Option<String> {
        let Civil { year, month, day, hour, minute, second, weekday } = Civil::of(self.secs());
        let (weekday, name) = (WEEKDAYS[weekday], MONTHS[usize::try_from(month - 1).ok()?]);
        (1..=9999)
            .contains(&year)
            .then(|| format!("{weekday}, {day:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT"))
    }

    /// Reads an `IMF-fixdate`; `None` for every other spelling, and for the years 0 to 99, since Python's
    /// `email.utils` (3.11) takes 0023 for 2023: the host decides.
    pub fn from_http_date(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mask = b"aaa, 00 aaa 0000 00:00:00 GMT";
        let fits = |(&byte, &want): (&u8, &u8)| match want {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            _ => byte == want,
        };
        if bytes.len() != mask.len() || !bytes.iter().zip(mask).all(fits) {
            return None;
        }
        let month = MONTHS.iter().position(|name| name.as_bytes() == &bytes[8..11])?;
        let number = |at: usize, len: usize| digits(&bytes[at..at + len]);
        let year = number(12, 4).filter(|&year| year >= 100)?;
        let days = days_from_civil(year, i64::try_from(month).ok()? + 1, number(5, 2)?)?;
        let clock = seconds_of_day(number(17, 2)?, number(20, 2)?, number(23, 2)?)?;
        Some(Self::from_secs(days * 86_400 + clock))
    }
}

/// A span of whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub u64);

impl Seconds {
    /// Whole days.
    pub const fn days(days: u64) -> Self {
        Self(days * 86_400)
    }
}

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Days after a Thursday, the weekday of 1970-01-01.
    weekday: usize,
}

impl Civil {
    /// Counts in eras of 400 years (146,097 days) that begin on a first of March.
    fn of(unix: i64) -> Self {
        let (days, clock) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
        let since_era0 = days + 719_468;
        let (era, day_of_era) = (since_era0.div_euclid(146_097), since_era0.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
            weekday: usize::try_from(days.rem_euclid(7)).unwrap_or(0),
        }
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// A leap second counts as the last second of its minute.
fn seconds_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second.min(59))
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .try_fold(0, |sum: i64, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(decimals) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let len = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let kept = digits(&decimals[..len.min(3)])? * [100, 10, 1][len.clamp(1, 3) - 1];
    (len > 0).then_some((kept, &decimals[len..]))
}

fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let seconds = seconds_of_day(digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, 0)?;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn http_dates_are_those_of_the_rfc() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(UnixMillis::from_http_date(date), Some(UnixMillis::from_secs(784_111_777)));
        assert_eq!(UnixMillis::from_secs(784_111_777).to_http_date().as_deref(), Some(date));
        assert_eq!(UnixMillis::from_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), None);
        assert_eq!(UnixMillis::from_http_date("Sun, 31 Feb 1994 08:49:37 GMT"), None);
    }

    #[test]
    fn a_time_that_rfc3339_can_not_spell_becomes_the_nearest_that_it_can() {
        for (time, text) in [(i64::MIN, "0001-01-01T00:00:00Z"), (i64::MAX, "9999-12-31T23:59:59Z")] {
            assert_eq!(UnixMillis(time).to_rfc3339(), text);
        }
    }

    #[test]
    fn rfc3339_reads_offsets_and_fractions() {
        let want = Some(UnixMillis(784_111_777_250));
        for text in ["1994-11-06T08:49:37.25Z", "1994-11-06T10:49:37.2509+02:00"] {
            assert_eq!(UnixMillis::from_rfc3339(text), want, "{text}");
        }
        for text in ["", "1994-11-06", "1994-11-06T08:49:37", "1994-13-06T08:49:37Z", "…………………"]
        {
            assert_eq!(UnixMillis::from_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_of_four_digit_years_comes_back(unix in -62_135_596_800_i64..253_402_300_800) {
            let time = UnixMillis::from_secs(unix);
            let read = UnixMillis::from_http_date(&time.to_http_date().unwrap());
            prop_assert_eq!(read, (unix >= -59_011_459_200).then_some(time));
            prop_assert_eq!(UnixMillis::from_rfc3339(&time.to_rfc3339()), Some(time));
            prop_assert_eq!(UnixMillis::from_rfc3339(&time.to_iso().unwrap()), Some(time));
        }
    }
}
