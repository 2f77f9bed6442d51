//! Roles with all their policies.

use super::ROLE;
use crate::replay::{Call, Replay};
use loopguard_account::Account;
use loopguard_model::{Facts, Need};
use loopguard_pattern::Term;

/// IAM's answers, as its API reference shows them: XML, documents percent-encoded.
fn iam(call: &Call) -> (u16, String) {
    let document = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3APutBucketAcl%22\
                    %2C%22Resource%22%3A%22*%22%7D%5D%7D";
    let result = match call.operation.as_str() {
        "GetRole" => format!(
            "<Role><Path>/team/</Path><RoleName>fixer</RoleName><RoleId>AROA</RoleId><Arn>{ROLE}</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate><PermissionsBoundary><PermissionsBoundaryType>Policy\
             </PermissionsBoundaryType><PermissionsBoundaryArn>arn:edge</PermissionsBoundaryArn>\
             </PermissionsBoundary></Role>"
        ),
        "ListRolePolicies" => {
            "<PolicyNames><member>inline</member></PolicyNames><IsTruncated>false</IsTruncated>".to_owned()
        }
        "GetRolePolicy" => format!(
            "<RoleName>fixer</RoleName><PolicyName>inline</PolicyName><PolicyDocument>{document}</PolicyDocument>"
        ),
        "ListAttachedRolePolicies" if call.content.contains("Marker") => {
            "<AttachedPolicies><member><PolicyArn>arn:denied</PolicyArn></member></AttachedPolicies>\
             <IsTruncated>false</IsTruncated>"
                .to_owned()
        }
        "ListAttachedRolePolicies" => {
            "<AttachedPolicies><member><PolicyArn>arn:open</PolicyArn></member></AttachedPolicies>\
             <IsTruncated>true</IsTruncated><Marker>m</Marker>"
                .to_owned()
        }
        "GetPolicy" if call.content.contains("denied") => {
            let error = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>\
                         </Error><RequestId>r</RequestId></ErrorResponse>";
            return (403, error.to_owned());
        }
        "GetPolicy" => "<Policy><DefaultVersionId>v3</DefaultVersionId></Policy>".to_owned(),
        "GetPolicyVersion" => {
            assert!(call.content.contains("VersionId=v3"), "{}", call.content);
            format!("<PolicyVersion><Document>{document}</Document></PolicyVersion>")
        }
        other => panic!("`{other}` is not in the script"),
    };
    let name = &call.operation;
    (200, format!("<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"))
}

#[tokio::test]
async fn a_role_is_read_with_every_policy_and_what_is_denied_is_named() {
    let replay = Replay::start(iam);
    let need = Need::Role { arn: Term::literal(ROLE) };
    let Facts::Role(role) = replay.account().answer(&need).await.unwrap() else { panic!("not a role") };
    assert_eq!((role.arn, role.name), (Term::literal(ROLE), Term::literal("fixer")));
    let names: Vec<&str> = role.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!(names, ["inline", "arn:open"]);
    assert!(role.policies.iter().all(|policy| policy.statements.len() == 1 && policy.unread.is_empty()));
    assert_eq!(role.attached_unread, [Term::literal("arn:denied")]);
    assert_eq!(role.boundary.map(|policy| policy.name), Some("arn:edge".into()));
}

#[tokio::test]
async fn a_throttled_policy_fails_the_role_so_that_it_is_read_again() {
    let replay = Replay::start(|call| match call.operation.as_str() {
        "GetRolePolicy" => {
            let error = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>\
                         </ErrorResponse>";
            (400, error.to_owned())
        }
        _ => iam(call),
    });
    let error = replay.account().answer(&Need::Role { arn: Term::literal(ROLE) }).await.unwrap_err();
    assert!(error.retryable, "{error}");
}
