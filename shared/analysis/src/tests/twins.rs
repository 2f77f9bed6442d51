//! Rules that hear the same are found.

use super::build::{account, function_arn};
use crate::Catalogue;
use crate::listener::Listeners;
use loopguard_model::RuleState;

#[test]
fn the_same_pattern_on_the_same_bus_hears_the_same() {
    let f = function_arn("eu-west-1", "f");
    let pattern = r#"{"source":["aws.s3",{"prefix":"aws."}],"detail":{"n":[{"numeric":[">",1]}]}}"#;
    let spaced = r#"{ "detail": {"n": [{"numeric": [">", 1]}]}, "source": ["aws.s3", {"prefix": "aws."}] }"#;
    let built = account()
        .rule("first", pattern, &f)
        .rule("elsewhere in the text", spaced, &f)
        .rule_on("other", "on another bus", pattern, &[&f])
        .rule("off", pattern, &f)
        .with(|rule| rule.state = RuleState::Disabled)
        .rule("another number", &pattern.replace('1', "2"), &f)
        .rule("another text", &pattern.replace("aws.s3", "aws.ec2"), &f)
        .rule("no prefix", &pattern.replace(r#"{"prefix":"aws."}"#, r#""aws.""#), &f)
        .rule("off like the other", spaced, &f)
        .with(|rule| rule.state = RuleState::Disabled);
    let listeners = Listeners::new(&built.inventory, &Catalogue::embedded());
    let twins: Vec<usize> = (0..listeners.all.len()).map(|at| listeners.twin(at)).collect();
    assert_eq!(twins, [0, 0, 2, 3, 4, 5, 6, 3]);
}
