//! Lists of certificates for the stick: of this run, which is one machine, and of the job that it belongs to, which may be many. They are
//! views like the PDF, and come after everything else.

use std::fmt;

use purgeproof_certificate::summary::Summary;
use purgeproof_certificate::{Certificate, PdfError, sequence};
use purgeproof_core::policy::Paper;
use purgeproof_drive::layout::LOGS;
use purgeproof_drive::shelf::{Shelf, ShelfError};

/// Where they lie.
const SUMMARIES: &str = "summaries";

/// The certificates of this run, and how many of them the lists on the stick have.
#[derive(Default)]
pub(crate) struct Lists {
    run: Vec<Certificate>,
    listed: usize,
}

/// Why a list is not on the stick.
#[derive(Debug)]
pub(crate) enum ListError {
    Pdf(PdfError),
    Shelf(ShelfError),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pdf(error) => write!(f, "{error}"),
            Self::Shelf(error) => write!(f, "{error}"),
        }
    }
}

impl Lists {
    /// One more certificate of this run.
    pub(crate) fn add(&mut self, certificate: Certificate) {
        self.run.push(certificate);
    }

    pub(crate) fn are_owed(&self) -> bool {
        self.listed < self.run.len()
    }

    /// Puts the lists onto the stick in place of older ones. What went wrong is not tried again before there is another certificate.
    ///
    /// # Errors
    /// [`ListError`]: the stick has older lists, or none.
    pub(crate) fn deliver(&mut self, shelf: &mut dyn Shelf, paper: Paper) -> Result<(), ListError> {
        self.listed = self.run.len();
        let ([first, ..], Some(last)) = (self.run.as_slice(), self.run.last()) else { return Ok(()) };
        put(shelf, &format!("machine-{}", first.file_stem()), &Summary::of(&self.run, None), paper)?;
        let Some(job) = &last.claims().statement.job.number else { return Ok(()) };
        let mut of_job = self.run.clone();
        for log in shelf.list(LOGS).map_err(ListError::Shelf)? {
            let chain = shelf.read(LOGS, &log).map_err(ListError::Shelf)?.unwrap_or_default();
            of_job.extend(sequence::certificates(&chain).map_while(Result::ok));
        }
        of_job.retain(|one| one.claims().statement.job.number.as_ref() == Some(job));
        put(shelf, &format!("job-{}", file_name(job)), &Summary::of(&of_job, None), paper)
    }
}

fn put(shelf: &mut dyn Shelf, stem: &str, summary: &Summary, paper: Paper) -> Result<(), ListError> {
    let pdf = summary.pdf(paper).map_err(ListError::Pdf)?;
    for (extension, bytes) in [("csv", summary.csv().as_bytes()), ("pdf", &pdf)] {
        shelf.put(SUMMARIES, &format!("{stem}.{extension}"), bytes).map_err(ListError::Shelf)?;
    }
    Ok(())
}

/// A name for a file, in characters that every filesystem takes.
fn file_name(job: &str) -> String {
    let safe: String = job.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
    match safe.trim_matches('-') {
        "" => "unnamed".to_owned(),
        safe => safe.to_owned(),
    }
}
