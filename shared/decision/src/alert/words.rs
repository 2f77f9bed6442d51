//! Words of reports as they are written and read back.

use crate::Mode;
use loopguard_analysis::{Certainty, Code, Gain, Verdict};
use loopguard_model::RuleState;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// One of a few, known by its word.
pub(super) trait Word: Copy + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// Its word.
    fn word(self) -> &'static str;
}

pub(super) fn serialize<W: Word, S: Serializer>(one: &W, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(one.word())
}

pub(super) fn deserialize<'de, W: Word, D: Deserializer<'de>>(deserializer: D) -> Result<W, D::Error> {
    named(&String::deserialize(deserializer)?)
}

fn named<W: Word, E: Error>(word: &str) -> Result<W, E> {
    let found = W::ALL.iter().copied().find(|one| one.word() == word);
    found.ok_or_else(|| E::custom(format!("`{word}` is no word that is known here")))
}

/// The same, for what may be missing.
pub(super) mod option {
    use super::{Word, named};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    // The signature is serde's.
    #[allow(clippy::ref_option, reason = "serde hands over the field as it is")]
    pub(in super::super) fn serialize<W: Word, S: Serializer>(
        one: &Option<W>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        one.map(Word::word).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, W: Word, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<W>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|word| named(&word)).transpose()
    }
}

impl Word for Verdict {
    const ALL: &'static [Self] =
        &[Self::Dead, Self::Loop, Self::Unknown, Self::Latent, Self::Bounded, Self::None];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Certainty {
    const ALL: &'static [Self] = &Self::SUREST_FIRST;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Gain {
    const ALL: &'static [Self] = &[Self::Sometimes, Self::Each, Self::Many];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Code {
    const ALL: &'static [Self] = &Code::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Mode {
    const ALL: &'static [Self] = &Mode::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for RuleState {
    const ALL: &'static [Self] =
        &[Self::Disabled, Self::Enabled, Self::EnabledWithAllManagementEvents, Self::Unknown];

    fn word(self) -> &'static str {
        self.as_str()
    }
}
