//! Random schedules of deaths, cuts and slow networks: what was answered is never lost, and all logs are one.

use std::collections::BTreeSet;
use std::time::Duration;

use host::task;

use super::kit::*;
use super::*;

/// What happens, from one seed.
async fn history(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut cluster = Cluster::formatted(|config| {
        config.log.snapshot_bytes = 3_000;
        config.log.segment_bytes = 8_192;
    });
    cluster.net.trouble(seed + 1, [1, 5, 40][dice.below(3) as usize]);
    for node in ALL {
        cluster.start(node).await;
    }
    let first = cluster.leader().await;
    register(&first).await;
    drop(first);
    let mut answered = BTreeSet::new();
    for step in 0..40 {
        let node = ALL[dice.below(3) as usize];
        match dice.below(10) {
            0 => cluster.kill(node).await,
            1 => cluster.stop(node).await,
            2 => cluster.net.isolate(node),
            3 => cluster.net.cut(node, ALL[dice.below(3) as usize]),
            4 | 5 => cluster.net.heal(),
            6 => task::sleep(Duration::from_millis(dice.below(1_500))).await,
            7 => {
                for quorum in cluster.running() {
                    let raft = quorum.parts.running().raft.clone();
                    let applied = raft.metrics().borrow().last_applied.map_or(0, |id| id.index);
                    raft.trigger().snapshot().await.unwrap();
                    raft.trigger().purge_log(applied).await.unwrap();
                }
            }
            _ => {}
        }
        for node in ALL {
            if cluster.members[&node].running.is_none() && dice.below(3) == 0 {
                cluster.start(node).await;
            }
        }
        let active = cluster.running().filter(|quorum| quorum.status().active).collect::<Vec<_>>();
        for quorum in active {
            let name = format!("t{step}-{}", quorum.node());
            if let Ok(Ok(())) = task::timeout(Duration::from_secs(5), create(&quorum, &name)).await {
                answered.insert(name);
            }
        }
        for (node, member) in &cluster.members {
            assert!(member.ends.lock().windows(2).all(|pair| pair[0] < pair[1]), "the images of {node} grow");
        }
    }
    cluster.net.heal();
    for node in ALL {
        if cluster.members[&node].running.is_none() {
            cluster.start(node).await;
        }
    }
    let mut last = None;
    for turn in 0..5 {
        let leader = cluster.leader().await;
        if let Ok(Ok(())) = task::timeout(LONG, create(&leader, &format!("last-{turn}"))).await {
            last = Some(leader.status().end);
            break;
        }
    }
    cluster.all_have(last.expect("decisions are taken again")).await;
    let image = cluster.stop_and_compare().await;
    for name in answered {
        assert!(image.topic(&name).is_some(), "{name} was answered and is lost");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_was_answered_is_lost() {
    let seeds = std::env::var("OTTLA_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let first = std::env::var("OTTLA_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in first..first + seeds {
        eprintln!("seed {seed}");
        history(seed).await;
    }
}
