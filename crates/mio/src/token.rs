/// A number that identifies the source of an event.
///
/// You choose it when you register a source, and every event of that source carries it. This crate
/// does not interpret it: an index into a slab of connections, the number of the descriptor and a
/// counter are all good choices. Two sources may have the same token, but then their events cannot
/// be distinguished.
///
/// # Examples
///
/// ```
/// use mio::Token;
///
/// const LISTENER: Token = Token(0);
/// let mut next = 1;
/// let mut unique = || {
///     next += 1;
///     Token(next - 1)
/// };
///
/// let first = unique();
/// assert_ne!(first, LISTENER);
/// assert_eq!(usize::from(first), 1);
/// assert_ne!(first, unique());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub usize);

impl From<Token> for usize {
    fn from(val: Token) -> usize {
        val.0
    }
}
