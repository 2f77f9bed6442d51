//! Conclusions in words.

use super::{Conclusion, Doubt, HopProof, Proof, TooSlow};
use std::fmt;

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotObserved(doubt) => write!(f, "not observed: {doubt}"),
            Self::Observed(proof, doubt) => {
                write!(f, "observed, but not shown to reproduce: {doubt} ({proof})")
            }
            Self::Slow(proof, pace) => write!(f, "observed and reproducing, but slow: {pace} ({proof})"),
            Self::Reproducing(proof) => write!(f, "observed and reproducing: {proof}"),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hops: Vec<String> = self.hops.iter().map(ToString::to_string).collect();
        f.write_str(&hops.join("; "))
    }
}

impl fmt::Display for HopProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares: Vec<String> =
            self.windows.iter().map(|(own, matched)| format!("{own} of {matched}")).collect();
        write!(
            f,
            "hop {}: {} events in windows of {} min were the target's own, {} generations are sure, one call was seen {} times",
            self.hop,
            shares.join(", "),
            self.window,
            self.generations,
            self.repeated
        )
    }
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, matched, minutes, limit } = self;
        write!(
            f,
            "rule {rule} matched {matched} events in {minutes} minutes, and more than {limit} a minute matter"
        )
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHops => f.write_str("there is no hop to observe"),
            Self::NothingCaught { hop } => write!(f, "no event of hop {hop} was caught"),
            Self::NotCounted { rule } => write!(f, "the metrics of rule {rule} have no settled count"),
            Self::Share { hop, own, matched } => {
                write!(f, "{own} of {matched} events of a window are the target's own in hop {hop}")
            }
            Self::StartsNotKnown { hop } => write!(f, "who else starts the target of hop {hop} is not known"),
            Self::StartedByOthers { hop, by_rule, all } => {
                write!(f, "the rule started {by_rule} of {all} runs of the target of hop {hop}")
            }
            Self::TooFew { hop, caught, needed } => {
                write!(f, "{caught} events of hop {hop} were caught in the sample, and it takes {needed}")
            }
            Self::Fading { hop, first, last } => {
                write!(f, "the own events of hop {hop} fell from {first} to {last} in a window")
            }
            Self::Generations { hop, sure } => write!(f, "{sure} generations of hop {hop} are sure"),
            Self::Undelivered { hop, failed } => write!(
                f,
                "{failed} events of hop {hop} could not be delivered by its tripwire, so that what is missing says nothing"
            ),
            Self::Behind { hop, seconds } => write!(
                f,
                "the guard's queue is {seconds} s behind, so that what is missing of hop {hop} says nothing yet"
            ),
        }
    }
}
