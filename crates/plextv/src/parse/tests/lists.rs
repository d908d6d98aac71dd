//! Lists: servers, shares, libraries.

use super::*;

#[test]
fn servers_are_told_from_players_and_from_each_other() {
    let own = json!({ "clientIdentifier": "b".repeat(40), "owned": true, "ownerId": null, "provides": "client, server" });
    let home = json!({ "clientIdentifier": "C".repeat(40), "home": 1 });
    let player = json!({ "clientIdentifier": "tv", "provides": "client,player,pubsub-player" });
    let observer = json!({ "provides": "server-observer" });
    let rows = [
        resource(),
        with(resource(), own),
        with(resource(), home),
        with(resource(), player),
        with(resource(), observer),
    ];
    let seen: Vec<_> = resources(&rows).unwrap().iter().map(Server::visible).collect();
    let owner = Some(PlexAccountId(1_002_003));
    let told: Vec<_> = seen.iter().map(|s| (s.machine.clone(), s.owned, s.home, s.owner)).collect();
    assert_eq!(
        told,
        [
            (machine('a'), false, false, owner),
            (machine('b'), true, false, None),
            (machine('c'), false, true, owner)
        ]
    );
    assert!(resources(&[]).unwrap().is_empty());
}

#[test]
fn servers_read_alike_in_the_oldest_format() {
    let xml = with_machines(
        r#"<MediaContainer size="2"><Device name="Attic" clientIdentifier="MMMM" provides="server" owned="0" home="1"
        ownerID="1002003" accessToken="yyyy" presence="1"><Connection protocol="https"/></Device>
        <Device name="TV" clientIdentifier="tv" provides="player" owned="1"/></MediaContainer>"#,
    );
    let servers = parse_resources_xml(xml.as_bytes()).unwrap().whole().unwrap();
    assert_eq!(servers.len(), 1);
    assert!(servers[0].home && !servers[0].owned);
    assert_eq!(servers[0].owner, Some(PlexAccountId(1_002_003)));
    assert_eq!(servers[0].access_token.as_ref().unwrap().expose(), "yyyy");
}

#[test]
fn one_unreadable_row_is_told_apart_in_the_list_of_servers() {
    for (row, field) in [
        (without(resource(), "provides"), "provides"),
        (without(resource(), "clientIdentifier"), "clientIdentifier"),
        (with(resource(), json!({ "clientIdentifier": "" })), "clientIdentifier"),
        (with(resource(), json!({ "owned": "perhaps" })), "owned"),
        (with(resource(), json!({ "home": {} })), "home"),
        (with(resource(), json!({ "ownerId": "me" })), "ownerId"),
        (with(resource(), json!({ "accessToken": "with space" })), "accessToken"),
    ] {
        let list = json!([resource(), row]).to_string();
        let Resources { servers, unreadable } = parse_resources(list.as_bytes()).unwrap();
        assert_eq!((servers.len(), unreadable.len()), (1, 1), "{field}");
        let machine = Some(servers[0].machine.clone()).filter(|_| field != "clientIdentifier");
        assert_eq!(unreadable[0], Unreadable { machine, why: Malformed::Field(field) });
        assert_eq!(resources(&[resource(), row]).unwrap_err(), Malformed::Field(field));
    }
    assert_eq!(parse_resources(br#"{"errors":[]}"#).unwrap_err(), Malformed::Document);
    assert_eq!(parse_resources(b"[1]").unwrap_err(), Malformed::Document);
    assert_eq!(parse_resources(b"null").unwrap_err(), Malformed::Document);
}

#[test]
fn a_server_that_cannot_be_ours_does_not_spoil_the_list() {
    let odd = with(resource(), json!({ "clientIdentifier": "not-forty-hex-digits" }));
    let unreadable = with(odd.clone(), json!({ "owned": "perhaps" }));
    assert_eq!(resources(&[odd, unreadable, resource()]).unwrap().len(), 1);
}

#[test]
fn an_accepted_share_is_read_whole() {
    let expected = Share {
        account: PlexAccountId(48_151_623),
        machine: machine('a'),
        all_libraries: false,
        library_keys: vec![1, 4],
        libraries_known: true,
        allow_sync: true,
        allow_tuners: false,
        permissions_known: true,
    };
    assert_eq!(shares(&[share()]).unwrap(), std::slice::from_ref(&expected));
    let loose = json!({ "invitedId": "48151623", "accepted": "1", "allLibraries": 0, "invited": null });
    assert_eq!(shares(&[with(share(), loose)]).unwrap(), [expected]);
    let nested = shares(&[with(share(), json!({ "invitedId": null }))]).unwrap();
    assert_eq!(nested[0].account, PlexAccountId(48_151_623));
}

#[test]
fn a_share_that_is_not_or_no_longer_accepted_is_none() {
    for change in [
        json!({ "accepted": false }),
        json!({ "deletedAt": "2026-01-01T00:00:00Z" }),
        json!({ "leftAt": "2026-01-01T00:00:00Z" }),
        json!({ "invitedId": null, "invited": null, "invitedEmail": "pia@example.net" }),
        json!({ "machineIdentifier": "someone-elses" }),
    ] {
        assert!(shares(&[with(share(), change.clone())]).unwrap().is_empty(), "{change}");
    }
}

#[test]
fn one_unreadable_row_refuses_the_list_of_shares() {
    for (row, field) in [
        (without(share(), "accepted"), "accepted"),
        (with(share(), json!({ "accepted": "maybe" })), "accepted"),
        (with(share(), json!({ "invitedId": null, "invited": null })), "invitedId"),
        (with(share(), json!({ "invitedId": "mara" })), "invitedId"),
        (without(share(), "machineIdentifier"), "machineIdentifier"),
        (with(share(), json!({ "libraries": [{ "title": "Movies" }] })), "key"),
        (with(share(), json!({ "libraries": "all" })), "libraries"),
        (with(share(), json!({ "allLibraries": "some" })), "allLibraries"),
    ] {
        assert_eq!(shares(&[share(), row]).unwrap_err(), Malformed::Field(field));
    }
    assert_eq!(parse_shares_json(b"{}").unwrap_err(), Malformed::Document);
    assert!(!shares(&[without(share(), "libraries")]).unwrap()[0].libraries_known);
    let silent = [
        json!(null),
        json!({}),
        json!({ "allowSync": true }),
        json!({ "allowSync": true, "allowTuners": null }),
    ];
    for settings in silent {
        let read = shares(&[with(share(), json!({ "sharingSettings": settings }))]).unwrap();
        assert!(!read[0].permissions_known, "{settings}");
    }
}

#[test]
fn the_list_of_one_server_names_shared_sections_only() {
    let shares = parse_shares_xml(SHARES_XML.as_bytes(), &machine('a')).unwrap();
    let told: Vec<_> =
        shares.iter().map(|s| (s.account.0, s.all_libraries, s.library_keys.clone())).collect();
    assert_eq!(told, [(48_151_623, false, vec![1]), (48_151_999, true, vec![])], "the third is only invited");
    assert!(shares[0].allow_tuners && !shares[0].allow_sync);
    assert!(shares.iter().all(|share| share.machine == machine('a')));
}

#[test]
fn the_list_of_contacts_is_not_the_list_of_shares() {
    let shares = parse_users_xml(with_machines(USERS_XML).as_bytes()).unwrap();
    assert_eq!(shares.len(), 1, "no share, only invited, and another's server are none");
    assert_eq!((shares[0].account, &shares[0].machine), (PlexAccountId(48_151_623), &machine('a')));
    assert!(!shares[0].libraries_known && !shares[0].permissions_known);
    assert!(shares[0].allow_sync && shares[0].allow_tuners);
    let nobody = br#"<MediaContainer friendlyName="myPlex" totalSize="0" size="0"></MediaContainer>"#;
    assert!(parse_users_xml(nobody).unwrap().is_empty());
}

#[test]
fn a_list_shorter_than_it_says_is_not_the_list() {
    let cut = SHARES_XML.replace(r#"size="3""#, r#"size="4""#);
    assert_eq!(parse_shares_xml(cut.as_bytes(), &machine('a')).unwrap_err(), Malformed::Incomplete);
    let page = with_machines(USERS_XML).replace(r#"totalSize="4""#, r#"totalSize="200""#);
    assert_eq!(parse_users_xml(page.as_bytes()).unwrap_err(), Malformed::Incomplete);
    for torn in [SHARES_XML.trim_end_matches("</MediaContainer>"), "", "<MediaContainer"] {
        assert_eq!(parse_shares_xml(torn.as_bytes(), &machine('a')).unwrap_err(), Malformed::Xml);
    }
}

#[test]
fn libraries_read_alike_in_both_formats() {
    let expected = [
        Library { key: 1, title: "Movies".into(), kind: "movie".into() },
        Library { key: 2, title: "TV".into(), kind: "show".into() },
    ];
    let json = json!({ "name": "Attic", "librarySections": [
        { "id": 118_000_001, "key": 1, "title": "Movies", "type": "movie" },
        { "id": 118_000_002, "key": "2", "title": "TV", "type": "show" } ] });
    assert_eq!(parse_libraries(json.to_string().as_bytes()).unwrap(), expected);
    let xml =
        br#"<MediaContainer size="1"><Server name="Attic"><Section id="118000001" key="1" title="Movies"
        type="movie"/><Section id="118000002" key="2" title="TV" type="show"/></Server></MediaContainer>"#;
    assert_eq!(parse_libraries_xml(xml).unwrap(), expected);
    assert_eq!(parse_libraries(b"{}").unwrap_err(), Malformed::Field("librarySections"));
    assert_eq!(parse_libraries_xml(b"<MediaContainer/>").unwrap_err(), Malformed::Document);
}
