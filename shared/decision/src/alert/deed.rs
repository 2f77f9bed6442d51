//! What is or would be done to the rule, in words.

use super::{Alert, Step};

/// The words for one kind of act.
struct Deed {
    /// What follows "to": `disable`.
    verb: &'static str,
    /// What follows "was": `disabled`.
    past: &'static str,
    /// As the subject of a sentence: `disabling`.
    doing: &'static str,
    /// Whom it is done to.
    whom: String,
}

impl Alert {
    fn deed(&self, rule: &str) -> Deed {
        if let Some(brake) = &self.brake {
            let whom = format!("function `{}` behind {rule}", brake.name());
            return Deed { verb: "brake", past: "braked", doing: "braking", whom };
        }
        match self.removes.as_slice() {
            [] => Deed { verb: "disable", past: "disabled", doing: "disabling", whom: rule.to_owned() },
            targets => {
                let ids: Vec<String> = targets.iter().map(|id| format!("`{id}`")).collect();
                let many = if ids.len() == 1 { "" } else { "s" };
                let whom = format!("target{many} {} of {rule}", ids.join(", "));
                Deed { verb: "remove", past: "removed", doing: "removing", whom }
            }
        }
    }

    /// Returns what was or would be done, as a headline that names the rule.
    pub(super) fn headline(&self, short: &str) -> String {
        let Deed { verb, past, whom, .. } = self.deed(&self.rule);
        match &self.step {
            Step::Disabled { .. } => format!("Loopguard {past} {whom}: {short}"),
            Step::Failed(_) => format!("Loopguard could NOT {verb} {whom}: {short}"),
            Step::Unclear => format!("Loopguard may NOT have {past} {whom}: {short}"),
            Step::Intended => format!("Loopguard is to {verb} {whom}: {short}"),
            Step::WouldDisable(_) => format!("Loopguard would {verb} {whom}: {short}"),
            Step::Interrupted { .. } => format!("Loopguard switched {whom} off for a while: does it stop?"),
            Step::GivenBack { .. } => format!("Loopguard gave {whom} back: it is on again"),
            Step::NotGivenBack(_) => format!("Loopguard could NOT give {whom} back: it is OFF"),
            Step::AlreadyOff => format!("Loopguard: {} looped and is mended already", self.rule),
            Step::Refused(_) => format!("Loopguard: {} loops and stays on", self.rule),
        }
    }

    /// Returns what was done and why no more, as a clause without a period.
    pub fn done(&self) -> String {
        let Deed { verb, past, doing, whom } = self.deed("the rule");
        let be = if self.removes.len() > 1 { "were" } else { "was" };
        match &self.step {
            Step::Intended => format!("{whom} {} about to be {past}", if be == "was" { "is" } else { "are" }),
            Step::Disabled { request_id: Some(id) } => {
                format!("{whom} {be} {past}{} (request {id})", self.goes_on())
            }
            Step::Disabled { request_id: None } => format!("{whom} {be} {past}{}", self.goes_on()),
            Step::Interrupted { until } => format!(
                "the rule was switched off until {until}, to see whether its events stop; the events of that time do not reach its \
                 targets"
            ),
            Step::GivenBack { request_id: Some(id) } => {
                format!("the rule is on again after an interruption (request {id})")
            }
            Step::GivenBack { request_id: None } => "the rule is on again after an interruption".to_owned(),
            Step::NotGivenBack(error) => {
                format!(
                    "THE RULE IS STILL OFF after an interruption, because switching it on failed: {error}"
                )
            }
            Step::AlreadyOff => format!("nothing, because somebody else had just {past} {whom}"),
            Step::Unclear => format!(
                "AN ATTEMPT TO {} {} ENDED WITHOUT A TRACE, and the rule is as it was; it is analysed again",
                verb.to_uppercase(),
                if self.is_of_rule() { "THE RULE".to_owned() } else { whom }
            ),
            Step::Failed(error) if self.is_of_rule() => {
                format!("DISABLING FAILED, the rule still loops: {error}")
            }
            Step::Failed(error) => {
                let how = if self.may_be_in_part() {
                    "FAILED for some, others may be gone, and the rule may still loop"
                } else {
                    "FAILED, the rule still loops"
                };
                format!("{} {whom} {how}: {error}", doing.to_uppercase())
            }
            Step::WouldDisable(why) => {
                format!("nothing was done, because {why}; in mode `enforce` {whom} would have been {past}")
            }
            Step::Refused(why) => format!("nothing was done: {why}"),
        }
    }

    /// Returns true iff AWS may have done a part of what it refused: each target is removed by itself.
    pub(super) fn may_be_in_part(&self) -> bool {
        matches!(self.step, Step::Failed(_)) && self.removes.len() > 1
    }

    /// Returns true iff the rule itself is what is or would be disabled.
    fn is_of_rule(&self) -> bool {
        self.removes.is_empty() && self.brake.is_none()
    }

    fn goes_on(&self) -> &'static str {
        match (&self.brake, self.removes.is_empty()) {
            (Some(_), _) => ": its reserved concurrency is 0, and it does not run",
            (None, true) => "",
            (None, false) => "; it goes on with its others",
        }
    }

    /// Returns the word for what was done that logs and programs use.
    pub fn word(&self) -> &'static str {
        match (&self.step, &self.brake, self.removes.is_empty()) {
            (Step::Disabled { .. }, Some(_), _) => "function-braked",
            (Step::WouldDisable(_), Some(_), _) => "would-brake-function",
            (Step::Disabled { .. }, None, false) => "targets-removed",
            (Step::WouldDisable(_), None, false) => "would-remove-targets",
            (step, _, _) => step.as_str(),
        }
    }
}
