//! `-A`, `-W`, `-D`: what the user says of single codes.

use clap::Args;
use loopguard_analysis::Code;
use loopguard_report::{Levels, Rank};

#[derive(Debug, Args)]
#[command(next_help_heading = super::COUNTS)]
pub(crate) struct LevelArgs {
    /// Do not tell findings of this code (see loopguard explain); may be given more than once
    #[arg(short = 'A', long = "allow", value_name = "CODE", value_parser = code)]
    allow: Vec<Code>,
    /// Tell findings of this code, and do not fail for them
    #[arg(short = 'W', long = "warn", value_name = "CODE", value_parser = code)]
    warn: Vec<Code>,
    /// Exit with 1 for findings of this code
    #[arg(short = 'D', long = "deny", value_name = "CODE", value_parser = code)]
    deny: Vec<Code>,
}

impl LevelArgs {
    /// Returns what is said; of several words about one code the strictest counts.
    pub(super) fn levels(&self) -> Levels {
        let mut levels = Levels::default();
        for (codes, rank) in [(&self.allow, Rank::Allow), (&self.warn, Rank::Warn), (&self.deny, Rank::Deny)]
        {
            for code in codes {
                levels.set(*code, rank);
            }
        }
        levels
    }

    /// Returns the same as it was written.
    pub(super) fn words(&self) -> Vec<String> {
        let all = [("--allow", &self.allow), ("--warn", &self.warn), ("--deny", &self.deny)];
        let words = |(name, codes): (&str, &Vec<Code>)| {
            codes.iter().flat_map(|code| [name.to_owned(), code.to_string()]).collect::<Vec<_>>()
        };
        all.into_iter().flat_map(words).collect()
    }
}

/// Reads a code; tells the nearest where there is none of that name.
pub(crate) fn code(word: &str) -> Result<Code, String> {
    Code::from_word(word).ok_or_else(|| {
        let near = Code::ALL.into_iter().max_by_key(|code| likeness(code.as_str(), word));
        // With less than half of its letters in common it is no slip of the hand.
        let near = near.filter(|code| 2 * likeness(code.as_str(), word) >= word.len());
        let near = near.map(|code| format!(": is it `{code}`?")).unwrap_or_default();
        format!("no finding has that code{near} (`loopguard explain` lists them)")
    })
}

/// How many pairs of neighbouring letters both have.
fn likeness(one: &str, other: &str) -> usize {
    let pairs: Vec<&[u8]> = one.as_bytes().windows(2).collect();
    other.as_bytes().windows(2).filter(|pair| pairs.contains(pair)).count()
}
