//! Targets, their nested members flattened as the model has them.

use aws_sdk_eventbridge::types;
use loopguard_model::{Origin, Target};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the target in the words of the model.
pub(crate) fn target(told: &types::Target, origin: Origin) -> Target {
    let mut parameters = Parameters::default();
    parameters.put("Input", told.input());
    parameters.put("InputPath", told.input_path());
    if let Some(transformer) = told.input_transformer() {
        parameters.put("InputTransformer.InputTemplate", Some(transformer.input_template()));
        for (name, path) in transformer.input_paths_map().into_iter().flatten().collect::<BTreeMap<_, _>>() {
            parameters.put(&format!("InputTransformer.InputPathsMap.{name}"), Some(path));
        }
    }
    if let Some(ecs) = told.ecs_parameters() {
        parameters.put("EcsParameters.TaskDefinitionArn", Some(ecs.task_definition_arn()));
        parameters.put("EcsParameters.TaskCount", ecs.task_count().map(|count| count.to_string()).as_deref());
        parameters.put("EcsParameters.LaunchType", ecs.launch_type().map(types::LaunchType::as_str));
        parameters.put("EcsParameters.Group", ecs.group());
    }
    if let Some(batch) = told.batch_parameters() {
        parameters.put("BatchParameters.JobDefinition", Some(batch.job_definition()));
        parameters.put("BatchParameters.JobName", Some(batch.job_name()));
    }
    if let Some(redshift) = told.redshift_data_parameters() {
        parameters.put("RedshiftDataParameters.Database", Some(redshift.database()));
        parameters.put("RedshiftDataParameters.Sql", redshift.sql());
        parameters.put("RedshiftDataParameters.WithEvent", redshift.with_event().then_some("true"));
    }
    if let Some(command) = told.run_command_parameters() {
        for (index, target) in command.run_command_targets().iter().enumerate() {
            let name = format!("RunCommandParameters.RunCommandTargets.{index}");
            parameters.put(&format!("{name}.Key"), Some(target.key()));
            parameters.put(&format!("{name}.Values"), Some(&target.values().join(",")));
        }
    }
    parameters
        .put("SqsParameters.MessageGroupId", told.sqs_parameters().and_then(|sqs| sqs.message_group_id()));
    parameters.put("DeadLetterConfig.Arn", told.dead_letter_config().and_then(|config| config.arn()));
    Target {
        id: told.id().into(),
        arn: Term::literal(told.arn()),
        role: told.role_arn().map(Term::literal),
        parameters: parameters.0,
        origin,
    }
}

#[derive(Default)]
struct Parameters(BTreeMap<Arc<str>, Term>);

impl Parameters {
    fn put(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.insert(name.into(), Term::literal(value));
        }
    }
}
