//! What every ledger must do: what [`Book`](loopguard_decision::Book) does, seen from outside.

use super::interrupted::what_is_off_for_a_while_is_left_until_its_time_is_up;
use super::{Broken, law};
use crate::{
    ALERT_WINDOW, Begun, CAP_WINDOW, End, Ended, Exemption, Incident, LEASE, Ledger, Pause, Record, RuleRef,
    State, Timestamp,
};
use futures_util::future::{join, join_all};
use loopguard_decision::Act;
use std::collections::BTreeSet;
use std::sync::Arc;

/// No cap that these checks reach.
const WIDE: usize = 20;
const HOUR: u64 = 3_600_000;

/// Checks the laws on a ledger in which nothing is written, from that time on. Incidents stay behind.
pub async fn check_ledger(ledger: &impl Ledger, start: Timestamp) -> Result<(), Broken> {
    // Far enough apart that no act of one check counts against the cap of the next.
    let at = |nth: u64| Timestamp(start.0 + nth * 100 * HOUR);
    a_cause_leads_to_one_act(ledger, at(0)).await?;
    acts_on_a_rule_come_one_after_the_other(ledger, at(1)).await?;
    what_was_abandoned_may_be_taken_up_again(ledger, at(2)).await?;
    the_cap_counts_acts_within_the_window(ledger, at(3)).await?;
    a_pause_holds_until_it_ends(ledger, at(4)).await?;
    an_exemption_holds_until_it_ends(ledger, at(5)).await?;
    refusals_have_an_order(ledger, at(6)).await?;
    what_is_left_behind_is_taken_over_once(ledger, at(7)).await?;
    only_what_was_done_is_undone(ledger, at(8)).await?;
    alerts_are_due_once_in_their_window(ledger, at(9)).await?;
    attempts_at_once_act_once(ledger, at(10)).await?;
    what_rules_hang_on_leads_back_to_them(ledger, at(11)).await?;
    what_was_seen_is_found_again(ledger, at(11)).await?;
    the_newest_come_first(ledger, at(12)).await?;
    what_is_off_for_a_while_is_left_until_its_time_is_up(ledger, &intent("off", "e", at(13))).await
}

fn later(now: Timestamp, by: u64) -> Timestamp {
    Timestamp(now.0 + by)
}

fn rule(name: &str) -> RuleRef {
    let Ok(rule) = name.parse();
    rule
}

fn intent(name: &str, cause: &str, at: Timestamp) -> Incident {
    let rule = rule(name);
    Incident {
        id: Incident::id_for(&rule, cause, at),
        rule,
        cause: cause.into(),
        attempt: format!("attempt-{cause}-{}", at.0).into(),
        at,
        act: Act::DisableRule,
        prior: "ENABLED".into(),
        finding: format!("self-trigger:{name}").into(),
        why: r#"{"why":"a text with \"quotes\" and ümlauts"}"#.into(),
        state: State::Intended,
        told: None,
    }
}

fn acted() -> End {
    End::Acted { request_id: Some("r-1".into()) }
}

fn shown(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

async fn begun(
    ledger: &impl Ledger,
    what: &'static str,
    intent: &Incident,
    cap: usize,
    expected: &Begun,
) -> Result<(), Broken> {
    let seen = ledger.begin(intent, cap).await?;
    law(what, seen == *expected, shown(&seen))
}

/// Begins, ends and tells an act: nothing of it is left for later.
async fn done(ledger: &impl Ledger, intent: &Incident, cap: usize, end: &End) -> Result<(), Broken> {
    begun(ledger, "an act that nothing stands against is begun", intent, cap, &Begun::New).await?;
    ended(ledger, intent, end).await?;
    Ok(ledger.told(&intent.id, intent.at).await?)
}

async fn ended(ledger: &impl Ledger, intent: &Incident, end: &End) -> Result<(), Broken> {
    let seen = ledger.end(intent, &intent.attempt, end, intent.at).await?;
    law("the holder ends its intent", seen == Ended::Written, shown(&seen))
}

async fn a_cause_leads_to_one_act(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let first = intent("cause", "e-1", now);
    let other = Incident { attempt: "other".into(), ..first.clone() };
    begun(ledger, "the first act for a cause is begun", &first, WIDE, &Begun::New).await?;
    begun(ledger, "a retry of the same attempt is known as its own", &first, WIDE, &Begun::Own).await?;
    let known = |seen: &Begun, is: fn(&Incident) -> bool| matches!(seen, Begun::Known(known) if is(known));
    let seen = ledger.begin(&other, WIDE).await?;
    law("another attempt finds the open act", known(&seen, Incident::is_open), shown(&seen))?;
    ended(ledger, &first, &acted()).await?;
    let seen = ledger.begin(&other, WIDE).await?;
    law("another attempt finds what was not told", known(&seen, Incident::is_untold), shown(&seen))?;
    let seen = ledger.begin(&first, WIDE).await?;
    law("an ended act is nobody's own", known(&seen, Incident::is_untold), shown(&seen))?;
    ledger.told(&first.id, now).await?;
    ledger.told(&first.id, later(now, 1)).await?;
    let seen = ledger.begin(&other, WIDE).await?;
    law("another attempt finds what was told", known(&seen, |known| !known.is_untold()), shown(&seen))?;
    let kept = ledger.incident(&first.id).await?;
    let whole = Incident { state: State::Ended { end: acted(), at: now }, told: Some(now), ..first.clone() };
    law("an incident is read as it was written, told once", kept.as_ref() == Some(&whole), shown(&kept))?;
    let none = ledger.incident("none").await?;
    law("what was never written is not there", none.is_none(), shown(&none))?;
    done(ledger, &intent("cause", "e-2", now), WIDE, &acted()).await?;
    done(ledger, &intent("orders/cause", "e-1", now), WIDE, &acted()).await?;
    let times = ledger.view(&first.rule, now).await?.times;
    law("acts on a rule are counted, on its bus alone", times == 2, times.to_string())?;
    let times = ledger.view(&first.rule, later(now, 24 * HOUR)).await?.times;
    law("acts are counted for a day", times == 0, times.to_string())
}

async fn acts_on_a_rule_come_one_after_the_other(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let [first, second] = ["e-1", "e-2"].map(|cause| intent("lock", cause, now));
    begun(ledger, "the first act on a rule is begun", &first, WIDE, &Begun::New).await?;
    let busy = Begun::Busy(first.id.clone());
    begun(ledger, "a second act waits for the first", &second, WIDE, &busy).await?;
    ended(ledger, &first, &End::AlreadyOff).await?;
    ledger.told(&first.id, now).await?;
    done(ledger, &second, WIDE, &End::Failed { error: "no".into() }).await?;
    let times = ledger.view(&first.rule, now).await?.times;
    law("only acts that disabled the rule are counted", times == 0, times.to_string())
}

async fn what_was_abandoned_may_be_taken_up_again(
    ledger: &impl Ledger,
    now: Timestamp,
) -> Result<(), Broken> {
    let first = intent("abandoned", "e-1", now);
    begun(ledger, "an act is begun", &first, 1, &Begun::New).await?;
    ended(ledger, &first, &End::Abandoned).await?;
    let left = ledger.left_behind(later(now, LEASE)).await?;
    law("nobody is told of what was abandoned", left.is_empty(), shown(&left))?;
    // Within the same second: the id is the same.
    let again = Incident { attempt: "again".into(), ..first.clone() };
    begun(ledger, "what was abandoned frees cause, rule and cap", &again, 1, &Begun::New).await?;
    let late = ledger.end(&first, &first.attempt, &acted(), now).await?;
    law("who abandoned it does not hold what came after", late == Ended::NotMine, shown(&late))?;
    ended(ledger, &again, &End::Abandoned).await?;
    done(ledger, &intent("abandoned", "e-1", later(now, 1000)), 1, &acted()).await
}

async fn the_cap_counts_acts_within_the_window(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let reached = "no more acts than the cap within its window";
    for (name, at) in [("cap-a", now), ("cap-b", later(now, 1000))] {
        done(ledger, &intent(name, "e", at), 2, &acted()).await?;
    }
    let acts = ledger.view(&rule("cap-c"), later(now, 1000)).await?.acts;
    law("acts that count are seen", acts == 2, acts.to_string())?;
    let early = intent("cap-c", "e", later(now, CAP_WINDOW - 1));
    begun(ledger, reached, &early, 2, &Begun::CapReached).await?;
    begun(ledger, "a lower cap counts what a higher allowed", &early, 1, &Begun::CapReached).await?;
    done(ledger, &intent("cap-c", "e", later(now, CAP_WINDOW)), 2, &acted()).await?;
    let next = intent("cap-d", "e", later(now, CAP_WINDOW));
    begun(ledger, reached, &next, 2, &Begun::CapReached).await?;
    begun(ledger, "without a cap there are no acts", &next, 0, &Begun::CapReached).await?;
    let acts = ledger.view(&rule("cap-c"), later(now, 2 * CAP_WINDOW)).await?.acts;
    law("acts count for an hour", acts == 0, acts.to_string())
}

async fn a_pause_holds_until_it_ends(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let pause = Pause { until: Some(later(now, 10)), at: now, by: "somebody".into() };
    let endless = Pause { until: None, ..pause.clone() };
    ledger.set_pause(Some(pause.clone())).await?;
    let intent = |at| intent("pause", "e", at);
    begun(ledger, "nothing is begun while paused", &intent(later(now, 9)), WIDE, &Begun::Paused).await?;
    let view = ledger.view(&rule("pause"), later(now, 9)).await?;
    law("a pause that holds is seen", view.pause == Some(pause.clone()), shown(&view))?;
    let view = ledger.view(&rule("pause"), later(now, 10)).await?;
    law("a pause that ran out is not seen", view.pause.is_none(), shown(&view))?;
    done(ledger, &intent(later(now, 10)), WIDE, &acted()).await?;
    ledger.set_pause(Some(endless.clone())).await?;
    let kept = ledger.pause().await?;
    law("the last pause is kept", kept == Some(endless), shown(&kept))?;
    let far = self::intent("pause", "far", later(now, 50 * HOUR));
    begun(ledger, "a pause without end holds until resumed", &far, WIDE, &Begun::Paused).await?;
    ledger.set_pause(None).await?;
    let kept = ledger.pause().await?;
    law("who resumes ends the pause", kept.is_none(), shown(&kept))?;
    done(ledger, &far, WIDE, &acted()).await
}

async fn an_exemption_holds_until_it_ends(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let exemption =
        Exemption { until: later(now, 20), reason: "wanted".into(), at: now, by: "somebody".into() };
    let [exempt, partner] = ["exempt", "aws.partner/shop/x/exempt"].map(rule);
    for rule in [&exempt, &partner] {
        ledger.set_exemption(rule, Some(exemption.clone())).await?;
    }
    let all = ledger.exemptions().await?;
    let expected = vec![(partner.clone(), exemption.clone()), (exempt.clone(), exemption.clone())];
    law("exemptions are listed by rule", all == expected, shown(&all))?;
    let early = intent("exempt", "e", later(now, 19));
    begun(ledger, "an exempt rule is left alone", &early, WIDE, &Begun::Exempt).await?;
    let view = ledger.view(&exempt, later(now, 19)).await?;
    law("an exemption that holds is seen", view.exemption == Some(exemption), shown(&view))?;
    let view = ledger.view(&exempt, later(now, 20)).await?;
    law("an exemption that ran out is not seen", view.exemption.is_none(), shown(&view))?;
    done(ledger, &intent("orders/exempt", "e", later(now, 19)), WIDE, &acted()).await?;
    done(ledger, &intent("exempt", "e", later(now, 20)), WIDE, &acted()).await?;
    for rule in [&exempt, &partner] {
        ledger.set_exemption(rule, None).await?;
    }
    let all = ledger.exemptions().await?;
    law("exemptions end", all.is_empty(), shown(&all))
}

/// What was done for the cause comes first, then what is under way, then the pause, the exemption, the cap.
async fn refusals_have_an_order(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let order = "of several refusals the first of the order counts";
    let first = intent("order", "e-1", now);
    let second = intent("order", "e-2", now);
    begun(ledger, "an act is begun", &first, 1, &Begun::New).await?;
    let pause = Pause { until: None, at: now, by: "somebody".into() };
    ledger.set_pause(Some(pause)).await?;
    let exemption =
        Exemption { until: later(now, HOUR), reason: "wanted".into(), at: now, by: "somebody".into() };
    ledger.set_exemption(&first.rule, Some(exemption)).await?;
    for cap in [1, WIDE] {
        begun(ledger, order, &first, cap, &Begun::Own).await?;
        begun(ledger, order, &second, cap, &Begun::Busy(first.id.clone())).await?;
    }
    ended(ledger, &first, &acted()).await?;
    ledger.told(&first.id, now).await?;
    for cap in [1, WIDE] {
        let seen = ledger.begin(&first, cap).await?;
        law(order, matches!(seen, Begun::Known(_)), shown(&seen))?;
        begun(ledger, order, &second, cap, &Begun::Paused).await?;
    }
    ledger.set_pause(None).await?;
    for cap in [1, WIDE] {
        begun(ledger, order, &second, cap, &Begun::Exempt).await?;
    }
    ledger.set_exemption(&first.rule, None).await?;
    begun(ledger, order, &second, 1, &Begun::CapReached).await?;
    done(ledger, &second, WIDE, &acted()).await
}

async fn what_is_left_behind_is_taken_over_once(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let left = intent("left", "e", now);
    begun(ledger, "an act is begun", &left, WIDE, &Begun::New).await?;
    let seen = ledger.left_behind(later(now, LEASE - 1)).await?;
    law("what may be under way is not left behind", seen.is_empty(), shown(&seen))?;
    let over = later(now, LEASE);
    let seen = ledger.left_behind(over).await?;
    law("an old intent is left behind", seen == [left.clone()], shown(&seen))?;
    let taken = ledger.take_over(&left, "sweeper", later(now, LEASE - 1)).await?;
    law("nobody takes over before the lease is over", !taken, shown(&taken))?;
    let (one, two) = join(ledger.take_over(&left, "one", over), ledger.take_over(&left, "two", over)).await;
    let (one, two) = (one?, two?);
    law("of two at once one takes over", one != two, shown(&(one, two)))?;
    let holder = if one { "one" } else { "two" };
    let again = ledger.take_over(&left, "third", over).await?;
    law("what was read before it was taken is not taken again", !again, shown(&again))?;
    let seen = ledger.left_behind(later(over, LEASE - 1)).await?;
    law("taking over begins a new lease", seen.is_empty(), shown(&seen))?;
    let dead = ledger.end(&left, &left.attempt, &acted(), over).await?;
    law("who lost it does not end it", dead == Ended::NotMine, shown(&dead))?;
    for _ in 0..2 {
        let ended = ledger.end(&left, holder, &acted(), over).await?;
        law("who took over ends it, twice is once", ended == Ended::Written, shown(&ended))?;
    }
    let seen = ledger.left_behind(later(now, 2 * LEASE)).await?;
    let ids: Vec<_> = seen.iter().map(|incident| incident.id.clone()).collect();
    law("what nobody was told of is left behind", ids == [left.id.clone()], shown(&ids))?;
    ledger.told(&left.id, over).await?;
    let seen = ledger.left_behind(later(now, 2 * LEASE)).await?;
    law("what was told is over", seen.is_empty(), shown(&seen))?;

    let early = intent("left", "told-early", later(now, HOUR));
    begun(ledger, "an act is begun", &early, WIDE, &Begun::New).await?;
    ledger.told(&early.id, early.at).await?;
    let seen = ledger.left_behind(later(early.at, LEASE)).await?;
    law("an open intent is left behind, told or not", seen.len() == 1, shown(&seen))?;
    ended(ledger, &early, &acted()).await?;
    let seen = ledger.left_behind(later(early.at, LEASE)).await?;
    law("what was told before it was ended is over", seen.is_empty(), shown(&seen))
}

async fn only_what_was_done_is_undone(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let undone = "only an act that disabled a rule is undone, once";
    let [disabled, failed] = ["done", "failed"].map(|name| intent(name, "e", now));
    for (intent, end) in [(&disabled, acted()), (&failed, End::Failed { error: "no".into() })] {
        begun(ledger, "an act is begun", intent, WIDE, &Begun::New).await?;
        law(undone, !ledger.restored(&intent.id, now, "me").await?, "one that is open was")?;
        ended(ledger, intent, &end).await?;
    }
    ledger.told(&failed.id, now).await?;
    law(undone, ledger.restored(&disabled.id, now, "me").await?, "it was not")?;
    law(undone, !ledger.restored(&disabled.id, now, "me").await?, "it was twice")?;
    law(undone, !ledger.restored(&failed.id, now, "me").await?, "one that failed was")?;
    law(undone, !ledger.restored("none", now, "me").await?, "one that is not there was")?;
    let kept = ledger.incident(&disabled.id).await?.map(|incident| incident.state);
    let restored = State::Restored { at: now, by: "me".into(), disabled: Some(now) };
    law("who undid it, and when, and when it was done, is kept", kept == Some(restored), shown(&kept))?;
    let left = ledger.left_behind(later(now, LEASE)).await?;
    law("what was undone is over", left.is_empty(), shown(&left))?;
    let times = ledger.view(&disabled.rule, now).await?.times;
    law("what was undone counts as an act", times == 1, times.to_string())
}

async fn alerts_are_due_once_in_their_window(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    // Longer than a key of DynamoDB may be; the two differ at their ends alone.
    let [long, longer] = ["a", "b"].map(|end| format!("{}{end}", "default/rule-ü ".repeat(100)));
    for key in [long.as_str(), "default/a refused"] {
        law("what was never told is due", ledger.is_alert_due(key, now).await?, key)?;
        ledger.alerted(key, now).await?;
        let due = ledger.is_alert_due(key, later(now, ALERT_WINDOW - 1)).await?;
        law("what was told of late is not due", !due, key)?;
        let due = ledger.is_alert_due(key, later(now, ALERT_WINDOW)).await?;
        law("what was told long ago is due again", due, key)?;
        ledger.alerted(key, later(now, ALERT_WINDOW)).await?;
        let due = ledger.is_alert_due(key, later(now, ALERT_WINDOW + 1)).await?;
        law("the last time counts", !due, key)?;
    }
    law("other alerts are due", ledger.is_alert_due(&longer, now).await?, longer.as_str())
}

async fn what_rules_hang_on_leads_back_to_them(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let [a, b] = ["reach-a", "orders/reach-b"].map(rule);
    // More than one call takes.
    let many: BTreeSet<Arc<str>> = (0..60).map(|nth| Arc::from(format!("iam:role-{nth}"))).collect();
    ledger.note_reach(&a, &many, now).await?;
    ledger.note_reach(&a, &["iam:fixer".into()].into(), now).await?;
    ledger.note_reach(&b, &["iam:fixer".into()].into(), now).await?;
    ledger.note_reach(&b, &BTreeSet::new(), now).await?;
    for (subject, expected) in
        [("iam:fixer", vec![a.clone(), b]), ("iam:role-59", vec![a]), ("iam:fix", Vec::new())]
    {
        let mut seen = ledger.reaching(subject).await?;
        seen.sort();
        law("what rules hang on leads back to them", seen == expected, shown(&seen))?;
    }
    Ok(())
}

async fn what_was_seen_is_found_again(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let (a, other) = (rule("seen-a"), rule("orders/seen-a"));
    let record = |version: &str| Record {
        object: "s3://b/inventory/default/seen-a.json".into(),
        version: version.into(),
        digest: u64::MAX,
        at: now,
    };
    let (first, second) = (record("v1"), record(""));
    let nothing = (ledger.record(&a).await?, ledger.basis("seen").await?);
    law("of what was not looked at nothing is kept", nothing == (None, None), shown(&nothing))?;
    for seen in [&first, &second] {
        ledger.note_record(&a, seen).await?;
        ledger.note_basis("seen", seen).await?;
    }
    let last = ledger.record(&a).await?;
    law("what was seen last is what was noted last", last.as_ref() == Some(&second), shown(&last))?;
    let basis = ledger.basis("seen").await?;
    law("a decision rests on what was noted of it first", basis.as_ref() == Some(&first), shown(&basis))?;
    let others = (ledger.record(&other).await?, ledger.basis("seen-a").await?);
    law("each rule and each incident has its own", others == (None, None), shown(&others))
}

async fn attempts_at_once_act_once(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let attempts: Vec<Incident> = (0..4)
        .map(|nth| Incident { attempt: format!("at-once-{nth}").into(), ..intent("at-once", "e", now) })
        .collect();
    let seen = join_all(attempts.iter().map(|intent| ledger.begin(intent, WIDE))).await;
    let seen: Vec<Begun> = seen.into_iter().collect::<Result<_, _>>()?;
    let new = seen.iter().filter(|begun| **begun == Begun::New).count();
    let known = seen.iter().filter(|begun| matches!(begun, Begun::Known(_))).count();
    law(
        "of attempts at once for one cause one acts, and the others know it",
        (new, known) == (1, 3),
        shown(&seen),
    )?;
    for (attempt, begun) in attempts.iter().zip(&seen) {
        if *begun == Begun::New {
            ended(ledger, attempt, &acted()).await?;
            ledger.told(&attempt.id, now).await?;
        }
    }
    let others: Vec<Incident> = (0..4).map(|nth| intent(&format!("beside-{nth}"), "e", now)).collect();
    let seen = join_all(others.iter().map(|intent| ledger.begin(intent, 3))).await;
    let seen: Vec<Begun> = seen.into_iter().collect::<Result<_, _>>()?;
    let new = seen.iter().filter(|begun| **begun == Begun::New).count();
    law("acts at once do not pass the cap together", new == 2, shown(&seen))?;
    for (other, begun) in others.iter().zip(&seen) {
        if *begun == Begun::New {
            ended(ledger, other, &End::Abandoned).await?;
        }
    }
    Ok(())
}

async fn the_newest_come_first(ledger: &impl Ledger, now: Timestamp) -> Result<(), Broken> {
    let mut newest = Vec::new();
    for nth in 0..3 {
        let intent = intent("newest", &format!("e-{nth}"), later(now, nth * 1000));
        done(ledger, &intent, WIDE, &acted()).await?;
        newest.insert(0, intent.id);
    }
    let listed = ledger.incidents(2).await?;
    let ids: Vec<_> = listed.iter().map(|incident| incident.id.clone()).collect();
    law(
        "the newest incidents are listed first, as many as asked for",
        newest.get(..2) == Some(&*ids),
        shown(&ids),
    )?;
    let all = ledger.incidents(1000).await?;
    law("all incidents are listed", all.len() > 20, all.len().to_string())
}

#[cfg(test)]
mod tests {
    use super::check_ledger;
    use crate::{MemoryLedger, Timestamp};

    #[tokio::test]
    async fn the_ledger_in_memory_keeps_the_laws() {
        let checked = check_ledger(&MemoryLedger::default(), Timestamp(1_700_000_000_000)).await;
        assert_eq!(checked, Ok(()));
    }
}
