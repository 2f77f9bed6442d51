//! A set in words.

use super::text::{Case, Language};
use super::{Simple, ValueSet};
use crate::{Number, NumericRange};
use std::fmt;

impl fmt::Display for ValueSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return f.write_str("nothing");
        }
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(" or ")?;
            }
            match part {
                Simple::Null => f.write_str("null")?,
                Simple::Bool(flag) => write!(f, "{flag}")?,
                Simple::NumberText(number) => f.write_str(&number.text)?,
                Simple::Numbers { ranges, but } if ranges.is_empty() && but.is_empty() => {
                    f.write_str("any number")?;
                }
                Simple::Numbers { ranges, but } => write_numbers(f, ranges, but)?,
                Simple::Odd { .. } => f.write_str("a number that is no double")?,
                Simple::Text { must, not } => write_text(f, must, not)?,
                Simple::Opaque => f.write_str("a value not known yet")?,
            }
        }
        Ok(())
    }
}

fn write_numbers(f: &mut fmt::Formatter<'_>, ranges: &[NumericRange], but: &[Number]) -> fmt::Result {
    f.write_str("a number")?;
    for range in ranges {
        match (&range.low, &range.high) {
            (Some((low, true)), Some((high, true))) if low.text == high.text => write!(f, " = {}", low.text)?,
            (low, high) => {
                if let Some((low, included)) = low {
                    write!(f, " {} {}", if *included { ">=" } else { ">" }, low.text)?;
                }
                if let Some((high, included)) = high {
                    write!(f, " {} {}", if *included { "<=" } else { "<" }, high.text)?;
                }
            }
        }
    }
    for (index, number) in but.iter().enumerate() {
        write!(f, "{} {}", if index == 0 { " but not" } else { "," }, number.text)?;
    }
    Ok(())
}

pub(super) fn word(language: &Language) -> String {
    match language {
        Language::Addresses(..) => "an address".to_owned(),
        Language::Pieces(pieces, case) => {
            let joined = pieces.iter().map(ToString::to_string).collect::<Vec<_>>().join("*");
            format!("`{joined}`{}", if *case == Case::Ignored { " in any case" } else { "" })
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, must: &[Language], not: &[Language]) -> fmt::Result {
    let list = |languages: &[Language]| languages.iter().map(word).collect::<Vec<_>>();
    match (must.is_empty(), not.is_empty()) {
        (true, true) => f.write_str("any string"),
        (true, false) => write!(f, "anything but {}", list(not).join(", ")),
        (false, true) => f.write_str(&list(must).join(" and ")),
        (false, false) => write!(f, "{} but not {}", list(must).join(" and "), list(not).join(", ")),
    }
}
