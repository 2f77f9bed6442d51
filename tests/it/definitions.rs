//! What a target does according to its definition, from a template to the verdict.

mod carriers;
mod copied;
mod machines;
mod runbooks;

use loopguard_analysis::{Analysis, Catalogue, Certainty, Gain, Verdict, close};
use loopguard_template::{Options, Source};

/// A scan of one template.
struct Scan {
    analysis: Analysis,
}

/// Scans the template of these resources, in a known account and region.
fn scan(resources: &str) -> Scan {
    let source = Source { file: "template.yaml".into(), text: format!("Resources:\n{resources}").into() };
    let options = Options {
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        ..Options::default()
    };
    let mut inventory = loopguard_template::read(&[source], &options);
    let broken: Vec<_> = inventory.notes.iter().filter(|note| note.message.contains("cannot")).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    let analysis = close(&mut inventory, &Catalogue::embedded());
    Scan { analysis }
}

impl Scan {
    fn verdict(&self, rule: &str) -> (Verdict, Option<Certainty>) {
        let found = self.analysis.rules.iter().find(|known| &*known.key.id == rule).expect("the rule");
        (found.verdict, found.certainty)
    }

    fn reasons(&self, rule: &str) -> String {
        let found = self.analysis.rules.iter().find(|known| &*known.key.id == rule).expect("the rule");
        found.reasons.join("\n")
    }

    /// The least gain of the cycle that the rule is in.
    fn gain(&self, rule: &str) -> Gain {
        self.finding(rule).hops.iter().map(|hop| hop.gain).min().expect("a hop")
    }

    fn finding(&self, rule: &str) -> &loopguard_analysis::Finding {
        let mut findings = self.analysis.findings.iter();
        findings.find(|finding| finding.rules.iter().any(|key| &*key.id == rule)).expect("a finding")
    }

    fn notes(&self, rule: &str) -> String {
        self.finding(rule).hops.iter().map(|hop| hop.note.clone()).collect::<Vec<_>>().join("\n")
    }

    /// Checks a verdict, and shows why where it is another.
    fn is(&self, rule: &str, verdict: Verdict) {
        let found = self.verdict(rule).0;
        assert_eq!(found, verdict, "{rule}: {}", self.reasons(rule));
    }

    fn is_declared_loop(&self, rule: &str) {
        let found = self.verdict(rule);
        let expected = (Verdict::Loop, Some(Certainty::Declared));
        assert_eq!(found, expected, "{rule}: {}", self.reasons(rule));
    }
}

/// A rule with one target that has a role.
fn rule(id: &str, pattern: &str, target: &str) -> String {
    format!(
        "  {id}:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {pattern}\n      Targets: [{{Id: t, Arn: {target}, RoleArn: !GetAtt Delivery.Arn}}]\n"
    )
}

/// A role with one statement.
fn role(id: &str, actions: &str, resource: &str) -> String {
    format!(
        "  {id}:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{}}\n      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: {actions}, Resource: '{resource}'}}]}}}}]\n"
    )
}

/// A pattern of API calls of one source.
fn calls(source: &str, names: &str) -> String {
    format!(
        "{{source: [{source}], detail-type: [AWS API Call via CloudTrail], detail: {{eventName: [{names}]}}}}"
    )
}
