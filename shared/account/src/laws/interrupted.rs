//! What every ledger must do with a rule that is off for a while.

use super::{Broken, law};
use crate::{End, Ended, Incident, LEASE, Ledger, State, Timestamp};
use loopguard_decision::Act;

/// An intent that says until when its rule is off is left alone until then, whoever asks, and keeps the rule for itself.
pub(super) async fn what_is_off_for_a_while_is_left_until_its_time_is_up(
    ledger: &impl Ledger,
    intent: &Incident,
) -> Result<(), Broken> {
    let until = Timestamp(intent.at.0 + LEASE + 60_000);
    let intent = Incident { act: Act::InterruptRule { until }, ..intent.clone() };
    ledger.begin(&intent, 20).await?;
    let early = Timestamp(until.0 - 1);
    let seen = ledger.left_behind(early).await?;
    law("what is off for a while is not left behind before its time", seen.is_empty(), format!("{seen:?}"))?;
    let taken = ledger.take_over(&intent, "early", early).await?;
    law("nobody gives it back before its time", !taken, taken.to_string())?;
    let seen = ledger.left_behind(until).await?;
    law("then it is left behind", seen == [intent.clone()], format!("{seen:?}"))?;
    let taken = ledger.take_over(&intent, "sweeper", until).await?;
    law("and taken over", taken, taken.to_string())?;
    let end = End::GivenBack { request_id: Some("r-2".into()) };
    let ended = ledger.end(&intent, "sweeper", &end, until).await?;
    law("who gave it back ends it", ended == Ended::Written, format!("{ended:?}"))?;
    let kept = ledger.incident(&intent.id).await?.map(|kept| kept.state);
    let state = State::Ended { end, at: until };
    law("that is read as it was written", kept.as_ref() == Some(&state), format!("{kept:?}"))?;
    let view = ledger.view(&intent.rule, until).await?;
    let counts = (view.acts, view.times);
    law(
        "it counts against the cap, and is not what keeps being undone",
        counts == (1, 0),
        format!("{counts:?}"),
    )?;
    Ok(ledger.told(&intent.id, until).await?)
}
