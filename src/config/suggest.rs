//! "Did you mean": the word that was probably meant.

/// The candidate that looks most like `word`, if one looks like it at all.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (likeness(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.0)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// From 0 (another word) to 1 (the same): a few slips for a word of this length, or nearly the same letters.
fn likeness(word: &str, candidate: &str) -> f64 {
    let length = word.chars().count().max(candidate.chars().count());
    let slips = strsim::damerau_levenshtein(word, candidate);
    let similarity = strsim::jaro_winkler(word, candidate);
    if slips <= length.div_ceil(4) || similarity > 0.88 {
        similarity.max(0.01)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let words = ["jobs", "isolation", "integrate", "limits"];
        assert_eq!(nearest("job", words), Some("jobs"));
        assert_eq!(nearest("isolaton", words), Some("isolation"));
        assert_eq!(nearest("Limit", words), Some("limits"));
        assert_eq!(nearest("colour", words), None);
        assert_eq!(nearest("", words), None);
    }
}
