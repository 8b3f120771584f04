//! Scripts in the query, so that curl and Python can write them too.

use std::time::Duration;

use super::answer::Answer;
use super::record::RequestHead;

/// Reads `?status=201&size=1000&delay=200&chunked&header=x:y&echo&never&close&reset&close_in_body&reset_in_body&early`.
///
/// `size` is in bytes, `delay` in milliseconds. Without `size` or `echo` the body names the request:
/// `GET /path`. A word that is not one of these answers 400 with its name, so that no script is
/// misspelt unnoticed; parameters that begin with `_` are not read.
pub(super) fn answer(head: &RequestHead) -> Answer {
    let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
    let mut answer = Answer::ok().body(format!("{} {path}\n", head.method));
    for word in query
        .split('&')
        .filter(|word| !word.is_empty() && !word.starts_with('_'))
    {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        answer = match apply(answer, name, value) {
            Ok(answer) => answer,
            Err(problem) => return Answer::status(400).body(problem),
        };
    }
    answer
}

fn apply(answer: Answer, name: &str, value: &str) -> Result<Answer, String> {
    let number = || {
        value
            .parse::<u64>()
            .map_err(|_| format!("{name}={value}: a whole number is expected"))
    };
    Ok(match name {
        "status" => {
            let mut answer = answer;
            answer.status = value
                .parse()
                .map_err(|_| format!("{value} is not a status"))?;
            answer
        }
        "size" => answer.zeros(number()?),
        "delay" => answer.after(Duration::from_millis(number()?)),
        "chunked" => answer.chunked(),
        "echo" => Answer {
            content: Answer::echo().content,
            ..answer
        },
        "header" => {
            let (name, value) = value
                .split_once(':')
                .ok_or("header=name:value is expected")?;
            let readable = name.parse::<http::HeaderName>().is_ok()
                && http::HeaderValue::from_str(value).is_ok();
            if !readable {
                return Err(format!("{name}:{value} is not a header field"));
            }
            answer.header(name, value)
        }
        "early" => answer.without_reading(),
        "never" => Answer::never(),
        "close" => Answer::close(),
        "reset" => Answer::reset(),
        "close_in_body" => answer.close_in_body(),
        "reset_in_body" => answer.reset_in_body(),
        other => return Err(format!("the origin knows no script word {other}")),
    })
}
