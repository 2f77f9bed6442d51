//! The `Resource` of a task.

use loopguard_pattern::{Part, Term};

/// What a task's resource names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// A Lambda function, by its ARN.
    Function,
    /// An activity, which a worker asks for.
    Activity,
    /// An operation of a service, both as written, with what the task waits for.
    Operation {
        service: String,
        action: String,
        wait: Wait,
        /// Any operation of the SDK, not one of those that Step Functions has made ready.
        sdk: bool,
    },
    /// It is not wholly known, or nothing that is known.
    Other,
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The answer.
    Answer,
    /// The end of the job that it starts.
    End,
    /// That somebody sends the token back.
    Token,
}

/// Reads a task's resource: its partition, its region and its account may be symbols.
pub(super) fn read(resource: &Term) -> Resource {
    // A symbol in a name makes a function whose name is made by the stack; elsewhere it hides nothing that is read here.
    let text: String = resource
        .parts()
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.as_ref(),
            Part::Symbol(_) => "\u{FFFD}",
        })
        .collect();
    let mut fields = text.splitn(6, ':');
    let (head, _partition, service) = (fields.next(), fields.next(), fields.next());
    let (_region, _account, rest) = (fields.next(), fields.next(), fields.next().unwrap_or_default());
    let service = service.unwrap_or_default().to_ascii_lowercase();
    if head != Some("arn") {
        return of_symbol(resource);
    }
    match &*service {
        "lambda" if rest.starts_with("function:") => Resource::Function,
        "states" if rest.starts_with("activity:") => Resource::Activity,
        "states" => operation(rest),
        _ => Resource::Other,
    }
}

/// A resource that is one symbol is told by its class.
fn of_symbol(resource: &Term) -> Resource {
    let [Part::Symbol(symbol)] = resource.parts() else { return Resource::Other };
    let is = |class: &str| symbol.class.starts_with(class);
    if is("AWS::Lambda::Function") || is("AWS::Serverless::Function") {
        Resource::Function
    } else if is("AWS::StepFunctions::Activity") {
        Resource::Activity
    } else {
        Resource::Other
    }
}

fn operation(rest: &str) -> Resource {
    if rest.contains('\u{FFFD}') {
        return Resource::Other;
    }
    let mut pieces: Vec<&str> = rest.split(':').collect();
    let sdk = pieces.first().is_some_and(|piece| piece.eq_ignore_ascii_case("aws-sdk"));
    if sdk {
        pieces.remove(0);
    }
    // `.sync:2` has a colon of its own.
    let [service, action, version @ ..] = pieces.as_slice() else { return Resource::Other };
    let (action, suffix) = action.split_once('.').unwrap_or((action, ""));
    let wait = match (&*suffix.to_ascii_lowercase(), version) {
        ("", []) => Wait::Answer,
        ("sync", [] | ["2"]) => Wait::End,
        ("waitfortasktoken", []) => Wait::Token,
        _ => return Resource::Other,
    };
    if service.is_empty() || action.is_empty() {
        return Resource::Other;
    }
    Resource::Operation { service: (*service).to_owned(), action: action.to_owned(), wait, sdk }
}

#[cfg(test)]
mod tests {
    use super::{Resource, Wait, read};
    use loopguard_pattern::{Symbol, Term};

    #[test]
    fn all_forms() {
        let operation = |service: &str, action: &str, wait, sdk| Resource::Operation {
            service: service.to_owned(),
            action: action.to_owned(),
            wait,
            sdk,
        };
        for (text, expected) in [
            ("arn:aws:states:::aws-sdk:s3:putObject", operation("s3", "putObject", Wait::Answer, true)),
            (
                "arn:aws-us-gov:states:::aws-sdk:sfn:startExecution.waitForTaskToken",
                operation("sfn", "startExecution", Wait::Token, true),
            ),
            (
                "arn:aws:states:::states:startExecution.sync:2",
                operation("states", "startExecution", Wait::End, false),
            ),
            ("arn:aws:states:::ecs:runTask.sync", operation("ecs", "runTask", Wait::End, false)),
            ("arn:aws:states:::http:invoke", operation("http", "invoke", Wait::Answer, false)),
            ("arn:aws:lambda:eu-west-1:111122223333:function:f:live", Resource::Function),
            ("arn:aws:states:eu-west-1:111122223333:activity:a", Resource::Activity),
            ("arn:aws:states:::s3:putObject.later", Resource::Other),
            ("arn:aws:states:::", Resource::Other),
            ("arn:aws:states:::a:b:c:d", Resource::Other),
            ("", Resource::Other),
        ] {
            assert_eq!(read(&Term::literal(text)), expected, "{text}");
        }
        let symbol = |class: &str| Term::from(Symbol::created(class, "X"));
        assert_eq!(read(&symbol("AWS::Lambda::Function.Arn")), Resource::Function);
        assert_eq!(read(&symbol("AWS::S3::Bucket.Arn")), Resource::Other);
        let partition = Term::from(Symbol::given("pseudo", "AWS::Partition"));
        let joined = Term::concat([Term::literal("arn:"), partition, Term::literal(":states:::sns:publish")]);
        assert_eq!(read(&joined), operation("sns", "publish", Wait::Answer, false));
    }
}
