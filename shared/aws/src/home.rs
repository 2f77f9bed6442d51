//! The account and region that the guard runs in.

use loopguard_model::Scope;
use loopguard_pattern::Term;

/// Partition, account and region, all known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    scope: Scope,
}

/// A function ARN that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{arn}` is not the ARN of a Lambda function (`arn:aws:lambda:REGION:ACCOUNT:function:NAME`)")]
pub struct HomeError {
    /// The text given.
    pub arn: String,
}

impl Home {
    /// Returns the home of the function of that ARN.
    pub fn of_function(arn: &str) -> Result<Self, HomeError> {
        let fields: Vec<&str> = arn.splitn(7, ':').collect();
        match fields.as_slice() {
            ["arn", partition, "lambda", region, account, "function", _]
                if !region.is_empty() && !account.is_empty() =>
            {
                Ok(Self::new(partition, account, region))
            }
            _ => Err(HomeError { arn: arn.to_owned() }),
        }
    }

    /// Returns the home of these names.
    pub fn new(partition: &str, account: &str, region: &str) -> Self {
        let [partition, account, region] = [partition, account, region].map(Term::literal);
        Self { scope: Scope { partition, account, region } }
    }

    /// Returns the home in the words of the model.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

#[cfg(test)]
mod tests {
    use super::Home;

    #[test]
    fn reads_the_function_arn() {
        let home = Home::of_function("arn:aws-cn:lambda:cn-north-1:111122223333:function:guard:live");
        assert_eq!(home, Ok(Home::new("aws-cn", "111122223333", "cn-north-1")));
    }

    #[test]
    fn refuses_other_arns() {
        for arn in ["", "arn:aws:lambda:eu-west-1::function:f", "arn:aws:sns:eu-west-1:111122223333:t"] {
            assert!(Home::of_function(arn).is_err(), "{arn}");
        }
    }
}
