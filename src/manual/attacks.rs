//! What a network, a server or a file may do to a client, and the tests that show what comes of
//! it. The names are as in [`rfc`](super::rfc).
//!
//! # On the wire
//!
//! | | attack or fault | what comes of it | shown by |
//! |---|---|---|---|
//! | A1 | replies injected behind the 220 to STARTTLS | the session ends without a password | `starttls::a_reply_injected_behind_the_220_ends_the_session`, `starttls::a_single_octet_injected_behind_the_220_ends_the_session`, `starttls::a_220_injected_before_starttls_is_not_its_reply` |
//! | A2 | commands that the server takes over into TLS | nothing follows STARTTLS | `testing::tests::tls::octets_in_the_segment_of_starttls_are_a_violation`, `starttls::certificates_that_prove_nothing` |
//! | A3 | STARTTLS stripped, refused, or spoilt | an error before MAIL and AUTH | `starttls::starttls_not_offered`, `starttls::starttls_refused`, `starttls::a_server_that_knows_only_helo_gets_nothing` |
//! | A4 | a login offered in clear text | no password goes out | `live::refusal::a_server_without_starttls_gets_no_password`, `cli::secrets::in_clear_text_it_is_sent_on_demand_alone_and_still_not_shown` |
//! | A5 | certificates that prove nothing | each is refused | `starttls::certificates_that_prove_nothing`, `starttls::implicit_tls_is_checked_as_well` |
//! | A6 | TLS that breaks off, or is none | an error or the end of a limit | `cut::tls::every_octet`, `starttls::a_connection_that_ends_in_the_handshake`, `starttls::plain_text_in_place_of_a_handshake`, `timeouts::silence_in_an_implicit_handshake_and_after_rset` |
//! | A7 | an end of data within the message | every server finds the same one | `smuggling::every_server_finds_the_same_end`, `smuggling::every_server_finds_the_same_end_of_very_many` |
//! | A8 | line ends in commands | no type has room for them | `address::addr_spec::no_control_character_gets_in`, `address::domain::a_name_that_idna_makes_another_is_refused`, `protocol::auth::credentials_that_cannot_be_used`, `transport::proxy::urls`, `config::network::keys` |
//! | A9 | line ends in header fields | an error when the message is built | `torture::refused::controls_in_a_subject_or_a_field_are_refused`, `message::field::every_control_but_the_tab_is_refused` |
//! | A10 | addresses that can be read in two ways | refused | `address::list::what_may_be_read_in_two_ways_is_refused` |
//! | A11 | input that takes long to read | linear time, little stack | `address::hostile_tests::reading_takes_linear_time_and_little_stack` |
//! | A12 | replies without end | an error within 128 KiB | `hostile::what_is_no_reply_ends_the_session_at_every_point`, `hostile::endless_challenges_come_to_an_end` |
//! | A13 | silence, an octet a second, no reading | the limit of the stage | `timeouts::silence_at_each_stage`, `time_limits::each_reply_has_its_limit`, `timeouts::a_reader_that_stops_is_a_timeout_and_no_doubt`, `timeouts::a_slow_but_steady_reader_gets_everything` |
//! | A14 | the end of the connection after each octet | the fate as it is | `cut::clear::two_recipients_and_a_picture`, `cut::clear::chunked`, `cut::tls::every_octet` |
//! | A15 | 421 at any time | the end of the session, and another attempt makes sense | `hostile::a_421_at_every_point_is_the_last_word`, `several_mails::a_421_between_two_is_for_the_second` |
//! | A16 | the reply to the end of data is lost | unknown, and never sent again | `end_of_data::server_closes_after_end_of_data_is_fate_unknown`, `simulation::what_is_told_of_each_mail_is_so` |
//! | A17 | a reply within the message, with a reset behind it | that reply is the error | `transfer::a_reply_within_the_message_ends_the_transfer`, `hostile::an_early_refusal_outlives_a_reset` |
//! | A18 | replies that nobody asked for | they confirm nothing | `hostile::a_stale_yes_never_confirms_a_later_mail`, `hostile::a_wrong_number_of_replies_confirms_nothing`, `several_mails::a_reply_nobody_asked_for_confirms_none` |
//! | A19 | terminals steered and secrets repeated by replies | escaped, cut short, masked | `hostile::a_terminal_is_not_the_servers`, `cli::output::what_the_server_says_cannot_move_the_cursor`, `out_of_step::a_password_that_comes_back_is_not_shown`, `auth::a_secret_that_the_server_repeats_is_shown_nowhere` |
//! | A20 | another protocol behind the port | an error at once that says so | `greeting::servers_that_do_not_speak_smtp`, `starttls::a_port_that_begins_with_tls_is_found_out` |
//! | A21 | TLS taken to a server of another protocol | the certificate is checked for the name, which is sent | - no name is registered for submission that ALPN could carry |
//!
//! # At rest and in the process
//!
//! | | risk | what comes of it | shown by |
//! |---|---|---|---|
//! | R1 | secrets in logs, errors, arguments | they are in none | `cli::secrets::the_log_and_the_transcript_have_no_password`, `cli::secrets::other_processes_do_not_see_it`, `protocol::auth::debug_shows_no_password`, `tracing::each_line_of_a_dialogue_is_logged_once` |
//! | R2 | secrets in memory | overwritten when dropped, as far as a library can | - no test reads freed memory; `secret::debug_is_redacted` shows that nothing prints them |
//! | R8 | a file that changes while it is sent, or is none | an error and no end of data, or the file as it was | `message::tests::faults::a_file_that_shrinks`, `message::tests::faults::a_file_that_grows`, `message::file::only_regular_files_are_opened`, `message::file::a_file_that_is_replaced_or_deleted_is_read_as_it_was`, `transfer::a_source_that_breaks_off_leaves_no_end_of_data`, `cli::usage::an_attachment_that_changes_while_it_is_sent_is_66` |
//! | R9 | a future dropped within the message | no end of data | `dropped::at_no_await_is_half_a_message_taken_for_a_whole`, `cancellation::a_mail_dropped_within_the_message_has_no_end_of_data`, `cancellation::a_session_whose_mail_was_dropped_sends_nothing_more` |
