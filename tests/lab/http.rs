//! As much HTTP/1.1 as two processes on one machine need.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A request or an answer without its body: first line, and the fields with names in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) first_line: String,
    fields: Vec<(String, String)>,
}

impl Head {
    /// Returns the value of a field by its name in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Returns all fields in their order, with names in lower case.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// An answer read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Asks for a path on loopback.
pub(crate) fn get(port: u16, path: &str) -> io::Result<Answer> {
    send(port, "GET", path, &[], "")
}

/// Sends one request to a port on loopback, on a connection of its own.
pub(crate) fn send(
    port: u16,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let fields = fields.concat();
    let length = body.len();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\
         content-length: {length}\r\n{fields}\r\n{body}"
    );
    stream.write_all(text.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let Some((head, body)) = read_message(&mut reader)? else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    Ok(Answer { status: status(&head)?, body })
}

/// Returns the status of an answer.
pub(crate) fn status(head: &Head) -> io::Result<u16> {
    let status = head.first_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.ok_or_else(|| io::Error::other(format!("no status in `{}`", head.first_line)))
}

/// Reads one message; returns `None` where the other side closed before its first byte.
pub(crate) fn read_message(reader: &mut impl BufRead) -> io::Result<Option<(Head, String)>> {
    let first_line = read_line(reader)?;
    if first_line.is_empty() {
        return Ok(None);
    }
    let mut fields = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let head = Head { first_line, fields };
    let body = if head.field("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        read_chunks(reader)?
    } else {
        let length = head.field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        read_exact(reader, length)?
    };
    Ok(Some((head, String::from_utf8_lossy(&body).into_owned())))
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let length = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
            .map_err(io::Error::other)?;
        body.extend(read_exact(reader, length)?);
        read_line(reader)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

fn read_exact(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
