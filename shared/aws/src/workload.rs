//! What runs behind a target, and under which role.

use crate::AwsAccount;
use crate::account::told_by;
use crate::failure::failure;
use crate::held;
use loopguard_account::CallError;
use loopguard_model::{Facts, Workload, whole};
use loopguard_pattern::{Term, json};
use std::sync::Arc;

/// Reads what runs behind an ARN.
pub(crate) async fn workload(account: &AwsAccount, arn: &str) -> Result<Facts, CallError> {
    match arn.split(':').nth(2) {
        Some("lambda") => function(account, arn).await.map(|found| Facts::Workload(Box::new(found))),
        Some("states") => state_machine(account, arn).await.map(|found| Facts::Workload(Box::new(found))),
        _ => held::workload(account, arn).await,
    }
}

async fn function(account: &AwsAccount, arn: &str) -> Result<Workload, CallError> {
    const OPERATION: &str = "lambda:GetFunctionConfiguration";
    let call = account.clients.lambda.get_function_configuration().function_name(arn);
    let answer = call.send().await.map_err(|error| failure(OPERATION, arn, &error))?;
    let name = Term::literal(answer.function_name().unwrap_or_default());
    let arn = whole(&Term::literal(arn));
    let mut function = Workload::new("AWS::Lambda::Function", arn, name, told_by(OPERATION));
    // What a run costs hangs on these; the names are those of templates and snapshots.
    let mut keep = |way: &str, value: Option<String>| {
        function.properties.extend(value.map(|value| (way.into(), Term::literal(&value))));
    };
    keep("MemorySize", answer.memory_size().map(|memory| memory.to_string()));
    keep("Architectures.0", answer.architectures().first().map(|kind| kind.as_str().to_owned()));
    keep(
        "LoggingConfig.LogGroup",
        answer.logging_config().and_then(|own| own.log_group()).map(ToOwned::to_owned),
    );
    Ok(Workload { role: answer.role().map(Term::literal), ..function })
}

async fn state_machine(account: &AwsAccount, arn: &str) -> Result<Workload, CallError> {
    const OPERATION: &str = "states:DescribeStateMachine";
    let call = account.clients.sfn.describe_state_machine().state_machine_arn(arn);
    let answer = call.send().await.map_err(|error| failure(OPERATION, arn, &error))?;
    let name = Term::literal(answer.name());
    let kind = Term::literal(answer.r#type().as_str());
    Ok(Workload {
        role: Some(Term::literal(answer.role_arn())),
        definition: json::parse_strict(answer.definition()).ok().map(Arc::new),
        properties: [("StateMachineType".into(), kind)].into(),
        ..Workload::new("AWS::StepFunctions::StateMachine", Term::literal(arn), name, told_by(OPERATION))
    })
}
