/// The number that tells which source an event belongs to.
///
/// You choose it when you register a source, and every event of that source carries it. It means
/// nothing to this crate: an index into a slab of connections, the descriptor's number and a
/// counter are all good choices. Nothing stops two sources from having the same token; their events
/// can then not be told apart.
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
