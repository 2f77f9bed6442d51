//! Failed calls in words that say what to do.

use super::Place;
use anyhow::{Error, anyhow};
use loopguard_account::CallError;

/// The operation of a ledger in a file; its message says all.
pub(super) const FILE: &str = "file";

/// Codes by which services say that the caller may not.
const DENIED: [&str; 4] = ["AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"];

/// Returns the error, told so that whoever reads it knows what to change.
pub(super) fn explained(error: Error, place: &Place) -> Error {
    let Some(call) = error.downcast_ref::<CallError>().cloned() else { return error };
    let code = call.code.as_deref().unwrap_or_default();
    if call.operation == FILE {
        anyhow!("{}", call.message)
    } else if call.operation.starts_with("dynamodb:") && code == "ResourceNotFoundException" {
        let region =
            place.site.region.as_deref().map_or("this region".to_owned(), |region| format!("`{region}`"));
        anyhow!(
            "there is no table `{}` in {region}: name the guard's table (the stack's output `LedgerTable`) with --table or \
             LOOPGUARD_TABLE, and its region with --region",
            place.table
        )
    } else if DENIED.contains(&code) {
        let on = if call.operation.starts_with("dynamodb:") { &place.table } else { &call.subject };
        error.context(format!("the permission `{}` on `{on}` is missing", permission(&call)))
    } else if call.retryable {
        error.context("AWS does not answer as it should; the same command may be run again")
    } else {
        error
    }
}

/// Returns the IAM action that is missing. A transaction has none of its own, so that AWS's message knows better.
fn permission(call: &CallError) -> &str {
    let named = call.message.split("not authorized to perform: ").nth(1);
    named.and_then(|rest| rest.split_whitespace().next()).unwrap_or(&call.operation)
}

#[cfg(test)]
mod tests {
    use super::explained;
    use crate::operate::{Place, Where};
    use anyhow::Error;
    use loopguard_account::CallError;

    fn told(operation: &str, code: &str, message: &str, retryable: bool) -> String {
        let place = Place {
            table: "guard-table".to_owned(),
            site: Where {
                region: Some("eu-west-1".to_owned()),
                endpoint_url: None,
                profile: None,
                json: false,
            },
            ledger: None,
        };
        let call = CallError {
            code: Some(code.to_owned()),
            retryable,
            ..CallError::unsupported(operation, "guard-table", message)
        };
        format!("{:#}", explained(Error::new(call), &place))
    }

    #[test]
    fn a_table_that_is_not_there_is_told_with_how_to_name_another() {
        let told = told("dynamodb:Query", "ResourceNotFoundException", "Requested resource not found", false);
        assert!(told.starts_with(
            "there is no table `guard-table` in `eu-west-1`: name the guard's table (the stack's output `LedgerTable`)"
        ));
    }

    #[test]
    fn a_denied_call_names_the_permission() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: \
            dynamodb:PutItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/guard-table";
        let by_message = told("dynamodb:TransactWriteItems", "AccessDeniedException", message, false);
        assert!(
            by_message
                .starts_with("the permission `dynamodb:PutItem` on `guard-table` is missing: dynamodb:Tr")
        );
        let by_call = told("events:EnableRule", "AccessDeniedException", "no", false);
        assert!(
            by_call.starts_with("the permission `events:EnableRule` on `guard-table` is missing"),
            "{by_call}"
        );
    }

    #[test]
    fn what_may_pass_says_so_and_the_rest_is_told_as_it_is() {
        let passing = told("dynamodb:Query", "ThrottlingException", "slow down", true);
        assert!(passing.starts_with("AWS does not answer as it should; the same command may be run again: "));
        let other = told("events:DescribeRule", "ValidationException", "no", false);
        assert_eq!(other, "events:DescribeRule on `guard-table`: ValidationException: no");
    }
}
