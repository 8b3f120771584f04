//! Which known name was probably meant.

/// The candidate nearest to `name`, if one is near enough to be a typing mistake.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, removals and replacements that make one of the other, regardless of case and of `-`
/// for `_` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| -> Vec<char> {
        text.chars()
            .map(|c| {
                if c == '-' {
                    '_'
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect()
    };
    let (a, b) = (plain(a), plain(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for ((above_left, above), right) in row.iter().zip(row.iter().skip(1)).zip(&b) {
            let replaced = above_left + usize::from(left != right);
            let inserted = next.last().map_or(usize::MAX, |before| before + 1);
            next.push(replaced.min(above + 1).min(inserted));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_the_name_and_something_else_finds_nothing() {
        let names = ["idle_timeout", "header_timeout", "listen", "workers"];
        assert_eq!(nearest("idle-timout", names), Some("idle_timeout"));
        assert_eq!(nearest("Listen", names), Some("listen"));
        assert_eq!(nearest("worker", names), Some("workers"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn distance_counts_single_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
