//! Code and the calls found in it.

use crate::{Inline, Reading, SourceFile, Unit, read, read_inline};
use loopguard_model::{Call, FilePlace, Given, Origin};
use loopguard_pattern::json::Span;
use loopguard_pattern::{Symbol, Term};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn environment() -> BTreeMap<Arc<str>, Term> {
    let table = Symbol::created("AWS::DynamoDB::Table.name", "Table");
    BTreeMap::from([
        ("Environment.Variables.TABLE".into(), table.into()),
        ("Environment.Variables.BUCKET".into(), Term::literal("out")),
    ])
}

fn reading(handler: &str, files: &[(&str, &str)]) -> Reading {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| SourceFile::new(path, path, (*text).into())).collect();
    read(&Unit { files: &files, handler: Some(handler), environment: &environment(), symbols: &[] })
}

/// Returns each call as `service:operation Member=value ...`.
fn shown(call: &Call) -> String {
    let members = call.request.iter().map(|(name, given)| match given {
        Given::Constant(term) => format!(" {name}={term}"),
        Given::StartsWith(term) => format!(" {name}={term}*"),
        Given::FromEvent(path) => format!(" {name}=<{path}>"),
    });
    let role = call.role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
    let region = match &call.region {
        None => String::new(),
        Some(Given::Constant(term)) => format!(" in {term}"),
        Some(_) => " anywhere".to_owned(),
    };
    format!("{}:{}{}{role}{region}", call.service, call.operation, members.collect::<String>())
}

fn calls(reading: &Reading) -> Vec<String> {
    reading.code.calls.iter().map(shown).collect()
}

fn python(code: &str) -> Vec<String> {
    calls(&reading("app.handler", &[("app.py", code)]))
}

fn script(code: &str) -> Vec<String> {
    calls(&reading("app.handler", &[("app.mjs", code)]))
}

#[test]
fn regions_of_clients_in_javascript() {
    let ec2 = "import {EC2Client, StopInstancesCommand} from '@aws-sdk/client-ec2';\n";
    let sent = "export const handler = async event => { await ec2.send(new StopInstancesCommand({})); };\n";
    for (options, expected) in [
        ("{}", ""),
        ("{region: 'us-east-1'}", " in us-east-1"),
        ("{region: process.env.AWS_REGION}", ""),
        ("{region: process.env.AWS_REGION || 'us-east-1'}", ""),
        ("{region: await where()}", " anywhere"),
    ] {
        let code = format!("{ec2}const ec2 = new EC2Client({options});\n{sent}");
        assert_eq!(script(&code), [format!("ec2:StopInstances{expected}")], "{code}");
    }
}

#[test]
fn regions_of_older_clients_in_javascript() {
    let shared = "const docs = new AWS.DynamoDB.DocumentClient();docs.update({});AWS.config.update({region: 'us-east-1'});";
    let code = format!("const AWS = require('aws-sdk');exports.handler = async () => {{}};{shared}");
    assert_eq!(script(&code), ["dynamodb:UpdateItem in us-east-1"]);
    for (head, options, expected) in [
        ("AWS.config.update({region: 'us-east-1'});", "", " in us-east-1"),
        ("AWS.config.update({region: 'us-east-1'});", "{region: 'eu-west-1'}", " in eu-west-1"),
        ("AWS.config.update({region: process.env.AWS_REGION});", "", ""),
        ("AWS.config.update({maxRetries: 3});", "", ""),
        ("", "{region: 'us-east-1'}", " in us-east-1"),
        ("", "", ""),
    ] {
        let code = format!(
            "const AWS = require('aws-sdk');\n{head}\nconst ec2 = new AWS.EC2({options});\n\
             exports.handler = async () => ec2.stopInstances({{}}).promise();\n"
        );
        assert_eq!(script(&code), [format!("ec2:stopInstances{expected}")], "{code}");
    }
}

#[test]
fn clients_of_boto3_are_followed() {
    for (code, expected) in [
        (
            "import boto3\ns3 = boto3.client('s3')\ndef handler(event, context):\n    s3.put_object(Bucket='b', Key='k')\n",
            "s3:put_object Bucket=b Key=k",
        ),
        (
            "from boto3 import client as c\ndef handler(e, _):\n    return c('s3').put_bucket_acl(Bucket=e['detail']['requestParameters']['bucketName'])\n",
            "s3:put_bucket_acl Bucket=<detail.requestParameters.bucketName>",
        ),
        (
            "import boto3, os\ndef handler(event, context):\n    boto3.Session().client('s3').put_object(Bucket=os.environ['BUCKET'], Key=f'in/{event}')\n",
            "s3:put_object Bucket=out Key=in/*",
        ),
        (
            "import boto3\nimport os\nt = boto3.resource('dynamodb').Table(os.environ.get('TABLE'))\ndef handler(event, context):\n    t.put_item(Item={'id': '1'})\n",
            "dynamodb:put_item",
        ),
        (
            "import boto3\nclass W:\n    def __init__(self, c):\n        self.c = c\n    def go(self):\n        self.c.stop_instances(InstanceIds=['i-1'])\ndef handler(event, context):\n    W(boto3.client('ec2')).go()\n",
            "ec2:stop_instances InstanceIds.0=i-1",
        ),
        (
            "import boto3\nclient = None\ndef get():\n    global client\n    client = boto3.client('sns')\n    return client\ndef send(c, topic):\n    c.publish(TopicArn=topic)\ndef handler(event, context):\n    send(get(), 'arn:x')\n",
            "sns:publish TopicArn=arn:x",
        ),
        (
            "import boto3\ns = boto3.client('sts')\ndef handler(event, context):\n    c = s.assume_role(RoleArn='arn:r')['Credentials']\n    boto3.client('iam', aws_access_key_id=c['AccessKeyId']).delete_user(UserName='u')\n",
            "iam:delete_user UserName=u as arn:r",
        ),
        (
            "import boto3\ndef handler(event, context):\n    p = boto3.client('s3').get_paginator('list_objects_v2')\n    for page in p.paginate(Bucket='b'):\n        pass\n",
            "s3:list_objects_v2 Bucket=b",
        ),
        (
            "import boto3\ndef handler(event, context):\n    boto3.resource('s3').Bucket('b').Object('k').put(Body='x')\n",
            "s3:PutObject Body=x Bucket=b Key=k",
        ),
        (
            "import boto3\ndef handler(event, context):\n    for b in ('x', 'y'):\n        boto3.resource('s3').Bucket('b').objects.all().delete()\n",
            "s3:DeleteObjects Bucket=b",
        ),
    ] {
        let found = python(code);
        assert!(
            found.iter().any(|call| call.eq_ignore_ascii_case(expected)
                || call.replace("PutItem", "put_item").starts_with(expected)),
            "{expected} not in {found:?}"
        );
    }
}

#[test]
fn entries_of_put_events_are_told_each() {
    let code = "import boto3\nbus = 'orders'\ndef handler(event, context):\n    entries = []\n    \
        entries.append({'Source': 'shop', 'DetailType': 'Paid', 'EventBusName': bus})\n    \
        boto3.client('events').put_events(Entries=entries)\n";
    let expected =
        "events:put_events Entries.0.DetailType=Paid Entries.0.EventBusName=orders Entries.0.Source=shop";
    assert_eq!(python(code), [expected]);
}

#[test]
fn the_sdks_of_javascript_are_followed() {
    for (code, expected) in [
        (
            "import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';\nconst c = new S3Client({});\nexport const handler = async (event) => { await c.send(new PutObjectCommand({ Bucket: process.env.BUCKET, Key: `in/${event.x}` })); };\n",
            "s3:PutObject Bucket=out Key=in/*",
        ),
        (
            "const { EventBridge } = require('@aws-sdk/client-eventbridge');\nconst eb = new EventBridge();\nexports.handler = async ({ detail }) => eb.putEvents({ Entries: [{ Source: 'a', DetailType: detail.kind }] });\n",
            "eventbridge:putEvents Entries.0.DetailType=<detail.kind> Entries.0.Source=a",
        ),
        (
            "const AWS = require('aws-sdk');\nconst s3 = new AWS.S3();\nexports.handler = async (event) => { await s3.putObject({ Bucket: event.detail.bucket.name }).promise(); };\n",
            "s3:putObject Bucket=<detail.bucket.name>",
        ),
        (
            "import { DynamoDBClient } from '@aws-sdk/client-dynamodb';\nimport { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';\nconst d = DynamoDBDocumentClient.from(new DynamoDBClient({}));\nconst TableName = process.env.TABLE;\nexport async function handler() { await d.send(new PutCommand({ TableName, Item: {} })); }\n",
            "dynamodb:PutItem TableName=${Table}",
        ),
        (
            "const d = new (require('aws-sdk')).DynamoDB.DocumentClient();\nexports.handler = () => d.put({ TableName: 't' }).promise();\n",
            "dynamodb:PutItem TableName=t",
        ),
        (
            "class X {}\nX.n(\"SFNClient\", \"StartExecutionCommand\");\nclass StartExecutionCommand {}\nexports.handler = async () => { new StartExecutionCommand({ stateMachineArn: 'm' }); };\n",
            "SFN:StartExecution stateMachineArn=m",
        ),
    ] {
        let found = script(code);
        assert!(found.iter().any(|call| call == expected), "{expected} not in {found:?}");
    }
}

#[test]
fn only_what_the_handler_leads_to_counts() {
    let app = "import boto3\nfrom lib.work import go\ns3 = boto3.client('s3')\ndef create(e, c):\n    go()\ndef drop(e, c):\n    s3.delete_bucket(Bucket='b')\n";
    let work = "import boto3\ndef go():\n    boto3.client('s3').create_bucket(Bucket='b')\n";
    let files =
        [("app.py", app), ("lib/work.py", work), ("other.py", "import boto3\nboto3.client('iam').x()\n")];
    assert_eq!(calls(&reading("app.create", &files)), ["s3:create_bucket Bucket=b"]);
    assert_eq!(calls(&reading("app.drop", &files)), ["s3:delete_bucket Bucket=b"]);
}

#[test]
fn checks_on_the_caller_are_told_with_their_place() {
    let code = "def handler(event, context):\n    who = event['detail']['userIdentity']['principalId']\n    \
        if who.endswith('x'):\n        return\n    if event['detail']['eventName'] == 'A':\n        return\n";
    let told = reading("app.handler", &[("app.py", code)]);
    let shown: Vec<String> =
        told.code.guards.iter().map(|(sentence, origin)| format!("{origin} {sentence}")).collect();
    assert_eq!(
        shown,
        [
            "app.py:3:8 it asks for the caller (`detail.userIdentity.principalId`)",
            "app.py:5:8 it asks for the event's name (`detail.eventName`)"
        ]
    );
}

#[test]
fn inline_code_keeps_symbols_and_points_into_the_template() {
    let template = "Code:\n  ZipFile: !Sub |\n    import boto3\n    def handler(e, c):\n      boto3.client('s3').put_object(Bucket='${B}')\n";
    let bucket = Symbol::created("AWS::S3::Bucket.name", "B");
    let code = Term::concat([
        "import boto3\ndef handler(e, c):\n  boto3.client('s3').put_object(Bucket='".into(),
        bucket.into(),
        "')\n".into(),
    ]);
    let span = Span { start: 17, end: template.len() };
    let origin = Origin::File(FilePlace { file: "t.yaml".into(), span, line: 2, column: 12 });
    let told = read_inline(&Inline {
        code: &code,
        origin: &origin,
        template: Some(template),
        runtime: Some("python3.13"),
        handler: Some("index.handler"),
        environment: &BTreeMap::new(),
    })
    .unwrap();
    assert_eq!(calls(&told), ["s3:put_object Bucket=${B}"]);
    assert_eq!(told.code.calls[0].origin.to_string(), "t.yaml:5:7");
}

#[test]
fn broken_code_still_tells_its_calls() {
    let code = "import boto3\ndef handler(event, context):\n    boto3.client('s3').put_object(Bucket='b')\n    x = = 3\n";
    let told = reading("app.handler", &[("app.py", code)]);
    assert_eq!(calls(&told), ["s3:put_object Bucket=b"]);
    assert!(told.notes[0].message.contains("not understood"), "{:?}", told.notes);
}

#[test]
fn paths_records_and_comprehensions_are_followed() {
    let head = "import boto3, os\ns3 = boto3.client('s3')\neb = boto3.client('events')\ndef handler(event, context):\n    ";
    for (code, expected) in [
        (
            "s3.put_object(Bucket='b', Key=os.path.join('out', 'x', 'y'))",
            "s3:put_object Bucket=b Key=out/x/y",
        ),
        (
            "s3.put_object(Bucket='b', Key=os.path.join('out/', os.path.basename(event['k'])))",
            "s3:put_object Bucket=b Key=out/*",
        ),
        (
            "eb.put_events(Entries=[dict(Source='orders', DetailType='a') for r in event['x']])",
            "events:put_events Entries.0.DetailType=a Entries.0.Source=orders",
        ),
    ] {
        assert_eq!(python(&format!("{head}{code}\n")), [expected], "{code}");
    }
    let code = "import path from 'path';\nimport { S3 } from '@aws-sdk/client-s3';\nexport const handler = async (e) => new S3({}).putObject({ Bucket: 'b', Key: path.join('out', e.k) });\n";
    assert_eq!(script(code), ["s3:putObject Bucket=b Key=out/*"]);
}

#[test]
fn deep_nesting_ends() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("not ", ""), ("-", "")] {
        let code = format!("x = {}1{}\n", open.repeat(100_000), close.repeat(100_000));
        for path in ["app.py", "app.js"] {
            reading("app.handler", &[(path, &code)]);
        }
    }
}

const SEED: &str = "import boto3, os\nb = os.environ['BUCKET']\nclass A:\n    c = boto3.client('s3')\n    def go(self, k):\n        self.c.put_object(Bucket=b, Key=k)\ndef handler(event, context):\n    A().go(event['detail']['x'])\nconst { S3 } = require('@aws-sdk/client-s3'); exports.handler = async ({ detail: { k } }) => new S3().putObject({ Bucket: `x${k}` });\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_text_makes_it_fail(text in "\\PC{0,200}") {
        for path in ["app.py", "app.js", "app.tsx"] {
            reading("app.handler", &[(path, &text)]);
        }
    }

    #[test]
    fn no_change_of_real_code_makes_it_fail(cuts in prop::collection::vec((0usize..600, 0usize..600, any::<char>()), 1..12)) {
        let mut signs: Vec<char> = SEED.chars().collect();
        for (at, from, sign) in cuts {
            let (at, from) = (at % signs.len(), from % signs.len());
            let copied = signs[from];
            signs.insert(at, copied);
            signs[from] = sign;
        }
        let text: String = signs.into_iter().collect();
        for path in ["app.py", "app.mjs"] {
            reading("app.handler", &[(path, &text)]);
        }
    }
}
