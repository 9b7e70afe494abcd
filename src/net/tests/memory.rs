//! What an idle connection costs. Alone in its program, so that nothing else moves the figure.

mod common;

use common::serve;
use net::Limits;

const CONNECTIONS: usize = 2_000;

#[tokio::test]
async fn idle_connections_are_small() {
    assert!(host::limits::raise_open_files() > 2 * CONNECTIONS as u64 + 50, "too few files may be open");
    let setup = serve(Limits::default());
    assert!(setup.client().await.echo(b"warm").await);
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let before = resident_bytes();
    for _ in 0..CONNECTIONS {
        let mut client = setup.client().await;
        assert!(client.echo(&[7; 3_000]).await);
        clients.push(client);
    }
    let each = (resident_bytes() - before) / CONNECTIONS;
    // The client's half of each lives here too.
    assert!(each < 10 << 10, "{each} bytes a connection");
    assert_eq!(setup.server.stats().request_bytes, 0);
}

fn resident_bytes() -> usize {
    let status = host::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}
