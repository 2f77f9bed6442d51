//! An account from a template, with Loopguard's own stack in it.

use loopguard_decision::Settings;
use loopguard_model::{Inventory, Rule, Scope};
use loopguard_rehearsal::{ACCOUNT_RATE, Company, Owner, Rehearsal};
use loopguard_template::{Options, Source};
use loopguard_world::{Script, Twin, World};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

/// An account as a template has it.
pub(super) struct Place {
    pub(super) inventory: Inventory,
    change_rule: Rule,
}

fn read(file: &str, text: &str, stack: &str) -> Inventory {
    let options = Options {
        account: Some(ACCOUNT.into()),
        region: Some(REGION.into()),
        stack_name: Some(stack.into()),
        ..Options::default()
    };
    loopguard_template::read(&[Source { file: file.into(), text: text.into() }], &options)
}

impl Place {
    pub(super) fn of(template: &str) -> Self {
        let own = read("template.yaml", include_str!("../../../template.yaml"), "loopguard");
        let change_rule = own.rules.into_iter().find(|rule| &*rule.key.id == "ChangeRule").unwrap();
        Self { inventory: read("account.yaml", template, "s"), change_rule }
    }

    /// Makes the rules of these names those of a service.
    pub(super) fn manage(&mut self, rules: &[&str]) {
        let named = |rule: &Rule| rule.name.as_str().is_some_and(|name| rules.contains(&name));
        for rule in self.inventory.rules.iter_mut().filter(|rule| named(rule)) {
            rule.managed_by = Some("svc.amazonaws.com".into());
        }
    }

    /// The functions beside the account, where records of calls take so long.
    pub(super) fn rehearse(
        &self,
        script: &Script,
        seed: u64,
        latency: (u64, u64),
        settings: &[(String, String)],
        company: Company,
    ) -> Rehearsal {
        let own = loopguard_world::Settings {
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            cloudtrail_latency: latency,
            ..loopguard_world::Settings::with_seed(seed)
        };
        let mut world = World::new(&self.inventory, script, own).unwrap();
        world.listen(&self.change_rule);
        let queue = world.text_of(&self.change_rule.targets.as_ref().unwrap()[0].arn);
        let role = format!("arn:aws:iam::{ACCOUNT}:role/loopguard-guard");
        let budgets = format!("arn:aws:sns:{REGION}:{ACCOUNT}:loopguard-budgets");
        let url =
            format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{}", queue.rsplit(':').next().unwrap());
        let pairs = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let pairs = pairs.chain([
            ("LOOPGUARD_OWN_ROLE_ARN", role.as_str()),
            ("LOOPGUARD_BUDGET_TOPIC_ARN", &budgets),
            ("LOOPGUARD_QUEUE_URL", &url),
        ]);
        let owner = Owner {
            settings: Settings::from_pairs(pairs).unwrap(),
            account_rate: ACCOUNT_RATE,
            home: Scope { partition: "aws".into(), account: ACCOUNT.into(), region: REGION.into() },
            company,
        };
        Rehearsal::new(Twin::new(world, &role).with_queue(&queue), owner).unwrap()
    }
}
