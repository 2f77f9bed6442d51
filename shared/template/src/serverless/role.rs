//! The roles that functions run under.

use super::function::Function;
use super::{Service, resource};
use crate::nodes::{at, attribute, elements, list, literal, object, reference, string};
use loopguard_pattern::json::{Member, Span, Value};

/// The logical id of the role that functions share.
pub(super) const DEFAULT: &str = "IamRoleLambdaExecution";

impl Service<'_> {
    /// Returns the function's role unless it is the shared one, and the role that is made for it alone.
    pub(super) fn role(&self, function: &Function<'_>) -> (Option<Value>, Option<Member>) {
        let own = &function.key.value;
        let span = function.key.key_span;
        let named = own.get("role").or_else(|| at(self.tree, "provider.role")).or_else(|| {
            let shared = at(self.tree, "provider.iam.role")?;
            let whole =
                matches!(shared.members(), [only] if only.key.starts_with("Fn::") || &*only.key == "Ref");
            (whole || literal(shared).is_some()).then_some(shared)
        });
        if let Some(role) = named {
            // A name without a colon is the logical id of a role of the service.
            let id = literal(role).filter(|text| !text.contains(':') && !text.is_empty());
            return (Some(id.map_or_else(|| role.clone(), |id| attribute(role.span, &id, "Arn"))), None);
        }
        // The plugin for roles by function.
        let Some(statements) = own.get("iamRoleStatements").or_else(|| at(own, "iam.role.statements")) else {
            return (None, None);
        };
        let inherits =
            |path: &str| at(self.tree, path).and_then(literal).is_some_and(|text| &*text == "true");
        let inherit =
            own.get("iamRoleStatementsInherit").and_then(literal).is_some_and(|text| &*text == "true")
                || inherits("custom.serverless-iam-roles-per-function.defaultInherit");
        let mut all = elements(statements).to_vec();
        if inherit {
            all.extend(self.shared_statements());
        }
        let id = format!("{}IamRoleLambdaExecution", function.normal);
        let made = self.execution_role(&id, None, all, span);
        (Some(attribute(span, &id, "Arn")), Some(made))
    }

    /// Returns the role that functions share.
    pub(super) fn default_role(&self) -> Member {
        let place = ["provider.iam.role", "provider.iamRoleStatements", "provider"];
        let span =
            place.iter().find_map(|path| at(self.tree, path)).map_or(self.tree.span, |value| value.span);
        let name = at(self.tree, "provider.iam.role.name").cloned().unwrap_or_else(|| {
            let rest = [string(span, "-"), reference(span, "AWS::Region"), string(span, "-lambdaRole")];
            self.named(&rest, span)
        });
        self.execution_role(DEFAULT, Some(name), self.shared_statements(), span)
    }

    fn shared_statements(&self) -> Vec<Value> {
        let places = ["provider.iam.role.statements", "provider.iamRoleStatements"];
        places.iter().filter_map(|path| at(self.tree, path)).flat_map(elements).cloned().collect()
    }

    fn execution_role(
        &self,
        id: &str,
        name: Option<Value>,
        mut statements: Vec<Value>,
        span: Span,
    ) -> Member {
        statements.push(self.logs(span));
        let document =
            object(span, [("Version", string(span, "2012-10-17")), ("Statement", list(span, statements))]);
        let policy = object(span, [("PolicyName", string(span, "lambda")), ("PolicyDocument", document)]);
        let mut properties = vec![("Policies", list(span, vec![policy]))];
        properties.extend(name.map(|name| ("RoleName", name)));
        let managed = ["provider.iam.role.managedPolicies", "provider.iamManagedPolicies"];
        if let Some(arns) = managed.iter().find_map(|path| at(self.tree, path)) {
            properties.push(("ManagedPolicyArns", arns.clone()));
        }
        let boundary = [
            "provider.iam.role.permissionsBoundary",
            "provider.iam.role.permissionBoundary",
            "provider.rolePermissionsBoundary",
        ];
        if let Some(arn) = boundary.iter().find_map(|path| at(self.tree, path)) {
            properties.push(("PermissionsBoundary", arn.clone()));
        }
        resource(id, "AWS::IAM::Role", span, object(span, properties))
    }

    /// Returns what the framework allows every function.
    fn logs(&self, span: Span) -> Value {
        let actions =
            ["logs:CreateLogStream", "logs:CreateLogGroup", "logs:TagResource", "logs:PutLogEvents"];
        let group = [
            string(span, "arn:"),
            reference(span, "AWS::Partition"),
            string(span, ":logs:"),
            reference(span, "AWS::Region"),
            string(span, ":"),
            reference(span, "AWS::AccountId"),
            string(span, ":log-group:/aws/lambda/"),
        ];
        let mut parts = group.to_vec();
        parts.extend(self.prefix());
        parts.push(string(span, "*"));
        object(
            span,
            [
                ("Effect", string(span, "Allow")),
                ("Action", list(span, actions.iter().map(|action| string(span, action)).collect())),
                ("Resource", super::joined(parts, span)),
            ],
        )
    }
}
