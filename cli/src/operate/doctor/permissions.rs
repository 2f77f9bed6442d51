//! Whether the guard's role has what its code asks for.

use anyhow::{Context, Result};
use loopguard_account::{Account, CallError};
use loopguard_analysis::{Catalogue, iam};
use loopguard_aws::PERMISSIONS;
use loopguard_decision::{Brakes, InterruptionTest, Mode, Settings};
use loopguard_model::{Facts, Need, Role, Scope};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};

/// Parts of the list, operations of a part, and the IAM actions that an operation asks for where these are not its name.
type Listed = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Returns the actions that the guard's role surely may not make and its code asks for; `None` where the role is not known.
pub(in super::super) async fn lacking(
    account: &impl Account,
    scope: &Scope,
    settings: &Settings,
    catalogue: &Catalogue,
) -> Result<Option<Result<Vec<String>, CallError>>> {
    let Some(arn) = &settings.own_role_arn else { return Ok(None) };
    let wanted = wanted(settings)?;
    Ok(match account.answer(&Need::Role { arn: Term::literal(arn) }).await {
        Ok(Facts::Role(role)) => Some(Ok(of_role(&role, scope, &wanted, catalogue))),
        Ok(_) => Some(Ok(wanted.into_iter().collect())),
        Err(error) => Some(Err(error)),
    })
}

/// The actions that the guard's code asks for under these settings.
fn wanted(settings: &Settings) -> Result<BTreeSet<String>> {
    let listed: Listed = toml::from_str(PERMISSIONS).context("reading the list of permissions")?;
    let mut parts = vec!["both", "guard"];
    parts.extend(settings.event_bus.as_ref().map(|_| "events"));
    let (enforces, brakes) = (settings.mode == Mode::Enforce, settings.brakes != Brakes::Off);
    parts.extend(enforces.then_some("enforce"));
    parts.extend(brakes.then_some("braking"));
    parts.extend((enforces && brakes).then_some("brake"));
    let interrupts = settings.watch.interruption_test != InterruptionTest::Off;
    parts.extend((enforces && interrupts).then_some("interrupt"));
    let operations = parts.into_iter().filter_map(|part| listed.get(part)).flatten();
    Ok(operations
        .flat_map(|(operation, asks)| if asks.is_empty() { vec![operation.clone()] } else { asks.clone() })
        .collect())
}

fn of_role(role: &Role, scope: &Scope, wanted: &BTreeSet<String>, catalogue: &Catalogue) -> Vec<String> {
    wanted.iter().filter(|action| !iam::may(role, scope, action, catalogue)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{of_role, wanted};
    use loopguard_analysis::Catalogue;
    use loopguard_decision::Settings;
    use loopguard_model::{Inventory, Scope};
    use loopguard_pattern::Term;
    use loopguard_template::{Options, Source};

    fn settings(mode: &str, bus: &str) -> Settings {
        let brake = if mode == "enforce" { "managed" } else { "off" };
        let interrupt = if mode == "enforce" { "on" } else { "off" };
        let pairs = [
            ("LOOPGUARD_MODE", mode),
            ("LOOPGUARD_EVENT_BUS", bus),
            ("LOOPGUARD_BRAKE", brake),
            ("LOOPGUARD_INTERRUPTION_TEST", interrupt),
        ];
        Settings::from_pairs(pairs).unwrap()
    }

    /// The stack's own template, read as a scan reads it.
    fn stack(text: String) -> Inventory {
        let source = Source { file: "template.yaml".into(), text: text.into() };
        let options = Options {
            account: Some("111122223333".into()),
            region: Some("eu-west-1".into()),
            parameters: [
                ("Mode", "enforce"),
                ("EventBus", "alerts"),
                ("Brake", "managed"),
                ("InterruptionTest", "on"),
            ]
            .map(|(key, value)| (key.into(), value.into()))
            .into(),
            ..Options::default()
        };
        loopguard_template::read(&[source], &options)
    }

    fn lacks(text: String, mode: &str) -> Vec<String> {
        let inventory = stack(text);
        let guard = inventory.roles.iter().find(|role| role.name.to_string().contains("GuardRole")).unwrap();
        let scope = Scope {
            partition: Term::literal("aws"),
            account: Term::literal("111122223333"),
            region: Term::literal("eu-west-1"),
        };
        of_role(guard, &scope, &wanted(&settings(mode, "alerts")).unwrap(), &Catalogue::embedded())
    }

    #[test]
    fn the_role_of_the_template_lacks_nothing() {
        let template = include_str!("../../../../template.yaml");
        assert_eq!(lacks(template.to_owned(), "enforce"), Vec::<String>::new());
        let without =
            template.replace("                  - dynamodb:Query\n", "").replace("sns:Publish", "sns:Other");
        assert_eq!(lacks(without, "observe"), ["dynamodb:Query", "sns:Publish"]);
    }

    #[test]
    fn what_is_asked_for_depends_on_the_settings() {
        let (observe, enforce) =
            (wanted(&settings("observe", "")).unwrap(), wanted(&settings("enforce", "b")).unwrap());
        let more: Vec<&String> = enforce.difference(&observe).collect();
        assert!(more.iter().any(|action| *action == "events:DisableRule"), "{more:?}");
        assert!(more.iter().any(|action| *action == "events:PutEvents"), "{more:?}");
        assert!(more.iter().any(|action| *action == "lambda:PutFunctionConcurrency"), "{more:?}");
        assert!(more.iter().any(|action| *action == "events:EnableRule"), "{more:?}");
        assert!(
            observe.is_subset(&enforce) && observe.contains("dynamodb:ConditionCheckItem"),
            "{observe:?}"
        );
    }
}
