//! Questions of commands to the running service.

use plex_oidc_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::rows::{Result, all, change, first};
use crate::store::records::{OpenQuestion, Question, QuestionId};

pub(super) fn ask(conn: &Connection, question: Question, expires: Timestamp) -> Result<QuestionId> {
    change(
        conn,
        "INSERT INTO questions (kind, expires) VALUES (?1, ?2)",
        params![question.as_str(), expires.0],
    )?;
    Ok(QuestionId(conn.last_insert_rowid()))
}

pub(super) fn open(conn: &Connection, now: Timestamp) -> Result<Vec<OpenQuestion>> {
    // One that this version does not know is for another.
    let open = all(
        conn,
        r#"SELECT id AS "questions.id", kind AS "questions.kind" FROM questions
        WHERE answer IS NULL AND expires > ?1 ORDER BY id"#,
        [now.0],
        |row| {
            let kind: String = row.get("questions.kind")?;
            let id = QuestionId(row.get("questions.id")?);
            Ok(Question::parse(&kind).map(|question| OpenQuestion { id, question }))
        },
    )?;
    Ok(open.into_iter().flatten().collect())
}

pub(super) fn answer(conn: &Connection, id: QuestionId, answer: &str) -> Result<bool> {
    let answered = change(
        conn,
        "UPDATE questions SET answer = ?2 WHERE id = ?1 AND answer IS NULL",
        params![id.0, answer],
    )?;
    Ok(answered == 1)
}

pub(super) fn answer_to(conn: &Connection, id: QuestionId) -> Result<Option<String>> {
    let sql = r#"SELECT answer AS "questions.answer" FROM questions WHERE id = ?1"#;
    Ok(first(conn, sql, [id.0], |row| row.get("questions.answer"))?.flatten())
}
