//! What is told of brokers that are killed, silent, unwilling and half there; and by whom.

mod kit;

use std::time::Duration;

use host::task::timeout;
use metadata::records::BrokerEndpoint;
use model::NodeId;

use kit::{Fake, Kit, LONG, ME, MINUTE, Manner, OTHER, active, end_point, three};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_is_fenced_at_once_and_so_is_its_next_incarnation() {
    let kit = Kit::start(MINUTE).await;
    for _ in 0..2 {
        let mut fake = Fake::start(Manner::Silent);
        let bystander = Fake::start(Manner::Silent);
        kit.join(OTHER, vec![fake.end_point()]).await;
        kit.join(NodeId(3), vec![bystander.end_point()]).await;
        let seen = fake.sees(|seen| seen.bytes > 0).await;
        assert_eq!(seen.connections, 1);
        fake.kill().await;
        assert!(kit.is_fenced_within(Duration::from_secs(1), OTHER).await);
        assert!(!kit.is_fenced(NodeId(3)));
        bystander.kill().await;
        assert!(kit.is_fenced_within(Duration::from_secs(1), NodeId(3)).await);
    }
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_ends_connections_and_takes_new_ones_lives() {
    let kit = Kit::start(MINUTE).await;
    let mut fake = Fake::start(Manner::Closes);
    kit.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.connections > 7).await;
    assert!(!kit.is_fenced(OTHER));
    fake.kill().await;
    assert!(kit.is_fenced_within(Duration::from_secs(2), OTHER).await, "the evidence is there together all the same");
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_broker_lives_until_its_session_ends() {
    let kit = Kit::start(700).await;
    let mut fake = Fake::start(Manner::Silent);
    let before = host::clock::monotonic();
    kit.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.bytes > 0).await;
    assert!(kit.is_fenced_within(LONG, OTHER).await, "ticks end its session");
    assert!(before.elapsed_ms() >= 690, "not before its session: {} ms", before.elapsed_ms());
    fake.sees(|seen| seen.ended == 1).await;
    kit.stop().await;
    fake.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_stopped_fences_nobody() {
    let mut kit = Kit::start(1_500).await;
    let (mut fake, mut own) = (Fake::start(Manner::Silent), Fake::start(Manner::Silent));
    kit.join(ME, vec![own.end_point()]).await;
    kit.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.bytes > 0).await;
    kit.vigil.take().unwrap().stop().await;
    fake.sees(|seen| seen.ended == 1).await;
    assert_eq!(own.seen.borrow_and_update().connections, 0, "this process does not watch itself");
    fake.kill().await;
    assert!(!kit.is_fenced(OTHER));
    let end = kit.quorum.status().end;
    // Nothing is waited for that could be: what is asserted is that nothing comes.
    let mut images = kit.quorum.watch();
    images.mark_unchanged();
    assert!(timeout(Duration::from_secs(2), images.changed()).await.is_err());
    assert_eq!((kit.is_fenced(OTHER), kit.quorum.status().end), (false, end));
    own.kill().await;
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_must_refuse() {
    let kit = Kit::start(MINUTE).await;
    let (mut first, mut second) = (Fake::start(Manner::Silent), Fake::start(Manner::Silent));
    kit.join(OTHER, vec![first.end_point(), second.end_point()]).await;
    first.sees(|seen| seen.bytes > 0).await;
    first.kill().await;
    second.sees(|seen| seen.bytes > 0).await;
    assert!(!kit.is_fenced(OTHER));
    second.kill().await;
    assert!(kit.is_fenced_within(Duration::from_secs(1), OTHER).await);

    for no_evidence in [end_point("0.0.0.0", 9092), end_point("", 9092), end_point("name.invalid", 9092)] {
        let mut only = Fake::start(Manner::Silent);
        kit.join(OTHER, vec![no_evidence.clone(), only.end_point()]).await;
        only.sees(|seen| seen.bytes > 0).await;
        only.kill().await;
        assert!(!kit.is_fenced_within(Duration::from_millis(400), OTHER).await, "{no_evidence:?}");
    }
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_where_tls_or_sasl_is_spoken() {
    let kit = Kit::start(MINUTE).await;
    let mut fake = Fake::start(Manner::Silent);
    let end_point = BrokerEndpoint { security_protocol: 1, ..fake.end_point() };
    kit.join(OTHER, vec![end_point]).await;
    fake.sees(|seen| seen.connections == 1).await;
    let seen = fake.seen.clone();
    assert!(timeout(Duration::from_millis(200), fake.seen.wait_for(|seen| seen.bytes > 0)).await.is_err());
    fake.kill().await;
    assert!(kit.is_fenced_within(Duration::from_secs(1), OTHER).await);
    assert_eq!(seen.borrow().bytes, 0);
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_controller_watches_and_the_active_one_tells() {
    let mut kits = three(MINUTE).await;
    let mut fake = Fake::start(Manner::Silent);
    let mut first = kits.remove(active(&kits).await);
    first.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.connections == 3).await;
    // The active one does not hear of it, as if it had died together with the broker.
    first.vigil.take().unwrap().stop().await;
    fake.sees(|seen| seen.ended == 1).await;
    fake.kill().await;
    assert!(!first.is_fenced_within(Duration::from_millis(400), OTHER).await, "the others tell nothing");
    first.quorum.shutdown().await;
    let second = kits.remove(active(&kits).await);
    assert!(second.is_fenced_within(Duration::from_secs(1), OTHER).await, "it knows what it saw before");
    for kit in kits.into_iter().chain([first, second]) {
        kit.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_talks_without_end_is_not_listened_to() {
    let kit = Kit::start(MINUTE).await;
    let mut fake = Fake::start(Manner::Babbles);
    kit.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.ended >= 2).await;
    fake.kill().await;
    assert!(!kit.is_fenced_within(Duration::from_millis(400), OTHER).await, "it hung up on nobody");
    kit.stop().await;
}
