//! What the RFCs require of a client, line by line, and the tests that show it.
//!
//! A test is named by its path below `src/` or `tests/it/`. Another test checks that each of them exists.
//! A line with `-` has no test, and says why.
//!
//! # Session, replies, commands (RFC 5321)
//!
//! | | the client | shown by |
//! |---|---|---|
//! | C1 | sends nothing before the greeting; continues only after 2yz, and answers a rejection with QUIT (3.1, 4.3.1) | `transport::greeting::a_server_that_rejects_the_connection_gets_quit`, `transport::greeting::a_421_or_the_end_of_the_connection_closes`, `transport::greeting::greetings_and_lists_of_every_form` |
//! | C2 | starts with EHLO; falls back to HELO, and then uses no extensions, login or TLS (3.2, 4.1.1.1) | `transport::greeting::a_server_with_only_helo_accepts_mail`, `transport::starttls::a_server_with_only_helo_gets_nothing` |
//! | C3 | identifies itself by a valid domain or address literal (4.1.3, 4.1.4) | `address::domain::domains_are_read_and_written`, `address::literal::literals_are_read_and_written` |
//! | C4 | decides by the code, whatever the text (4.2) | `transport::greeting::greetings_and_lists_of_every_form`, `protocol::reply_decoder::text_need_not_be_utf8` |
//! | C5 | treats an unknown code like its first digit; a first digit outside 2 to 5 is an error (4.2) | `faults::end_of_data::a_reply_after_end_of_data_counts_whatever_follows`, `transport::greeting::servers_that_do_not_speak_smtp` |
//! | C6 | reads a reply to its last line, with or without a space after the code; lines with different codes are an error (4.2.1) | `protocol::reply_decoder::replies`, `protocol::reply_decoder::codes_of_one_reply_must_agree`, `faults::hostile::malformed_replies_end_the_session_at_every_point` |
//! | C7 | accepts lines longer than 512 octets, up to a limit (4.5.3.1.5) | `protocol::reply_decoder::a_line_is_bounded`, `protocol::reply_decoder::a_reply_is_bounded`, `faults::hostile::malformed_replies_end_the_session_at_every_point` |
//! | C8 | sends no command line longer than allowed (4.5.3.1.4) | `session::auth::plain_too_long_for_a_line_waits_for_the_challenge`, `address::addr_spec::a_path_has_at_most_256_octets`, `protocol::parameter::no_values_make_a_line_too_long` |
//! | C9 | sends no path, local part or domain that is too long (4.5.3.1.1 to 4.5.3.1.3) | `address::addr_spec::octets_are_counted`, `address::local_part::octets_are_counted_as_sent`, `address::domain::octets_are_counted_in_a_labels` |
//! | C10 | starts no transaction within another: it sends RSET first (4.1.4) | `session::several_mails::after_a_rejection_rset_precedes_the_next_mail`, `session::several_mails::a_rejected_rset_ends_the_session` |
//! | C11 | keeps the order MAIL, RCPT, DATA, and sends DATA without an accepted recipient only in a group (3.3) | `session::pipelining::everything_up_to_data_in_one_flight`, `session::pipelining::without_pipelining_no_useless_command_is_sent` |
//! | C12 | uses a parameter only if the server offers its extension in this state (4.1.1.11) | `session::parameters::size_is_declared_if_offered`, `session::parameters::smtputf8_is_sent_if_offered_and_needed`, `transport::starttls::extensions_offered_in_clear_text_are_discarded`, `session::extensions::offered_parameters_are_sent`, `session::extensions::a_missing_extension_is_an_error_before_mail` |
//! | C13 | ends with QUIT and waits for the reply, which affects no mail (4.1.1.10). The command [does not wait](super::dialogue), as the reply costs a round trip and changes nothing: it departs from this SHOULD on purpose | `faults::timeouts::silence_at_each_stage`, `cli::quit::after_a_mail`, `faults::end_of_data::a_reply_after_end_of_data_counts_whatever_follows` |
//! | C14 | treats 421 as the end of the session wherever it occurs (3.8, 4.2.3) | `faults::hostile::a_421_at_every_point_ends_the_session`, `session::several_mails::a_421_between_two_is_for_the_second`, `session::transfer::a_reply_within_the_message_ends_the_transfer` |
//! | C15 | treats a lost connection as a transient failure, except after the end of data (3.8) | `faults::connection_cuts::clear::grouped`, `session::transfer::a_connection_lost_within_the_message_is_not_accepted` |
//! | C16 | distinguishes transient from permanent failures (4.2.1) | `protocol::reply_meaning::tests::what_passes_is_transient`, `cli::refusals::a_transient_failure_is_75`, `cli::refusals::a_permanently_rejected_mail_is_65` |
//! | C17 | treats 552 to RCPT like 452, one recipient too many, and sends to the rest in further transactions (4.5.3.1.10) | `session::portions::recipients_too_many_get_another_transaction`, `session::portions::sessions::recipients_too_many_follow_and_the_number_is_remembered`, `session::portions::each_recipient_has_the_outcome_of_its_portion` |
//! | C18 | treats 251 and 252 as success and 551 as a rejection (3.4) | `protocol::reply_decoder::replies`: only the class of the reply matters |
//! | C19 | writes paths in brackets, without a source route; supports the null path (4.1.1.2, 4.5.5) | `address::addr_spec::paths_are_read_without_and_written_with_brackets`, `session::parameters::a_custom_envelope_and_the_null_reverse_path`, `address::addr_spec::equality_ignores_the_case_of_the_domain` |
//! | C20 | quotes a local part only if it must (4.1.2) | `address::local_part::local_parts_are_read_and_written` |
//! | C21 | limits the time of a whole reply, not of each octet (4.5.3.2) | `faults::time_limits::each_reply_has_its_limit`, `faults::time_limits::a_handshake_has_its_limit` |
//! | C22 | waits ten minutes after the end of data, and then reports the fate as unknown (4.5.3.2.6) | `faults::timeouts::silence_at_each_stage`, `faults::connection_cuts::clear::one_command_at_a_time` |
//!
//! # The message (RFC 5321, RFC 5322)
//!
//! | | the client | shown by |
//! |---|---|---|
//! | C23 | sends CR and LF only as CRLF (5321, 2.3.8) | `message::smuggling::every_server_finds_the_same_end`, `protocol::transparency::any_octets_in_any_blocks`; the script of every dialogue test is checked for this |
//! | C24 | doubles a dot at the start of a line, wherever blocks are cut (5321, 4.5.2) | `session::transfer::dots_at_line_starts_are_doubled`, `protocol::transparency::all_short_texts_at_all_splits` |
//! | C25 | adds no empty line before the end of data, and adds a line end if there is none (5321, 4.1.1.4) | `protocol::transparency::what_is_sent`, `session::transfer::the_end_of_data_leaves_with_the_last_block` |
//! | C26 | sends no line of over 998 octets (5321, 4.5.3.1.6) | `message::encoding::text_encoder::long_lines_are_cut`, `message::torture::every_message_keeps_the_rules_of_the_wire` |
//! | C27 | sends octets beyond ASCII only if the server offers 8BITMIME, and declares them (6152, 3) | `message::rendition::a_text_beyond_ascii_is_unencoded_with_8bitmime`, `message::rendition::a_finished_message_beyond_ascii_is_not_recoded` |
//! | C28 | names no Bcc recipient; writes exactly one Date and From; keeps the Message-ID (5322, 3.6) | `live::delivery::a_bcc_recipient_gets_the_mail_and_is_named_nowhere`, `message::tests::shape::blind_copies_are_in_the_envelope_alone`, `message::tests::shape::a_message_is_the_same_every_time` |
//!
//! # TLS (RFC 3207, RFC 8314, RFC 9525)
//!
//! | | the client | shown by |
//! |---|---|---|
//! | C29 | sends STARTTLS if the server offers it, and sends nothing sensitive without it (3207, 4) | `transport::starttls::starttls_not_offered`, `transport::starttls::starttls_refused` |
//! | C30 | rejects any octets between the 220 and the handshake (3207, 6) | `transport::starttls::a_reply_injected_after_the_220_ends_the_session`, `transport::starttls::a_single_octet_injected_after_the_220_ends_the_session` |
//! | C31 | discards the extensions offered in clear text, and sends EHLO again (3207, 4.2) | `transport::starttls::extensions_offered_in_clear_text_are_discarded` |
//! | C32 | sends STARTTLS once (3207, 4.2) | - `session::Secured` has no method to send it again |
//! | C33 | does not continue in clear text after TLS fails (3207, 4.1) | `transport::starttls::invalid_certificates_are_rejected`, `transport::starttls::a_connection_that_ends_in_the_handshake` |
//! | C34 | requires a certificate that is valid for the name that the user gave (9525, 6) | `transport::starttls::invalid_certificates_are_rejected`, `transport::starttls::implicit_tls_is_checked_as_well`, `live::refusal::a_certificate_for_another_host_ends_with_76_after_starttls`, `transport::tls::certificates::names`, `transport::tls::certificates::valid_names`, `transport::tls::certificates::validity`, `transport::tls::certificates::uses` |
//! | C35 | uses TLS 1.2 or later, on port 465 from the first octet (8314, 3.3 and 4.1) | `live::refusal::an_untrusted_authority_ends_with_76_over_implicit_tls`, `cli::config::the_samples_for_gmail_are_587_with_starttls_and_465_with_implicit_tls`, `transport::tls::sessions::the_minimum_version`, `transport::tls::sessions::names_are_announced_and_addresses_are_not` |
//! | C36 | treats an end without an alert within a reply as an error (8446, 6.1) | `faults::connection_cuts::tls::all_there_is_by_starttls_and_at_once`, `transport::tls::faults::an_end_without_close_notify` |
//!
//! # Login (RFC 4954)
//!
//! | | the client | shown by |
//! |---|---|---|
//! | C37 | logs in once, after the EHLO that offers AUTH, and before any mail (4) | `session::auth::plain_with_an_initial_response`, `testing::tests::auth::auth_in_a_transaction` |
//! | C38 | sends a password only to a server inside TLS, unless the user disables this explicitly | `transport::starttls::invalid_certificates_are_rejected`, `live::refusal::a_server_without_starttls_gets_no_password`, `live::refusal::disabling_tls_does_not_send_the_password`, `cli::secrets::in_clear_text_it_is_sent_only_on_demand_and_never_shown` |
//! | C39a | sends an initial response if the line has room for it (4) | `protocol::auth::tests::a_response_too_long_for_a_command_line_waits_for_the_challenge`, `session::auth::plain_too_long_for_a_line_waits_for_the_challenge`, `session::mechanisms::oauthbearer_with_a_long_token` |
//! | C39b | accepts empty challenges, cancels those it cannot read, and limits their number (4) | `protocol::auth::tests::challenges_that_are_no_base64`, `session::auth::a_challenge_that_is_not_base64_is_cancelled`, `session::auth::a_challenge_too_many_is_cancelled`, `faults::hostile::endless_challenges_are_bounded` |
//! | C39c | ignores the text of LOGIN's prompts | `session::auth::login_ignores_the_text_of_the_prompts` |
//! | C39d | answers the challenge with the reason for a rejected token, and reports the reason (7628, 3.2.3) | `session::mechanisms::xoauth2`, `session::mechanisms::oauthbearer_with_a_long_token`, `protocol::auth::oauth_refusal::refusals_of_services` |
//! | C39e | verifies that the server knows the password too, and limits the work that the server may request (5802, 3 and 5.1) | `session::mechanisms::scram::a_success_without_a_signature_is_a_failure`, `protocol::auth::tests::scram::last_messages_of_servers_that_prove_nothing`, `protocol::auth::tests::scram::no_success_is_believed_too_early`, `protocol::auth::tests::scram::first_messages_of_servers_that_are_not_answered`, `protocol::auth::tests::scram::names_and_flags_of_gs2` |
//! | C39f | tries another mechanism if the server rejected the mechanism and judged no password (6), tries no other once it has sent a password twice, and sends no text with NUL (4616, 2) | `session::auth::a_rejected_password_is_not_tried_again`, `session::auth::a_rejected_mechanism_is_followed_by_the_next`, `session::auth::after_a_rejected_password_one_other_mechanism_is_tried`, `session::mechanisms::refusals::credentials_are_presented_once_or_twice`, `protocol::reply_meaning::tests::refusals_of_a_mechanism`, `protocol::auth::credentials::credentials_that_cannot_be_used`, `session::mechanisms::the_strongest_comes_first`, `session::mechanisms::each_reports_a_wrong_secret` |
//! | C39g | distinguishes a temporarily rejected login from a wrong password (6) | `session::dialogue::gmail_had_too_many_logins_which_is_not_a_wrong_password`, `session::dialogue::gmail_rejects_the_password` |
//! | C39h | needs no EHLO after a login without a security layer (4), and sends one only if a mail needs more than the server has offered | `session::auth::plain_with_an_initial_response`, `session::second_ehlo::ehlo_is_not_sent_without_need`, `session::second_ehlo::extensions_offered_after_the_login_are_used`, `session::second_ehlo::the_extensions_stay_the_same_without_a_reply` |
//! | C39i | sends `AUTH=` only on request, and only if the server offers AUTH (5) | `session::extensions::offered_parameters_are_sent`, `session::extensions::a_missing_extension_is_an_error_before_mail` |
//! | C39j | logs in once more with a renewed token on the same connection, and never with another password (4) | `session::mechanisms::renewal::the_renewed_token_is_accepted`, `session::mechanisms::renewal::it_is_asked_for_once`, `session::mechanisms::renewal::only_a_refusal_of_the_token_asks`, `session::mechanisms::oauth::a_mail_goes_out_though_the_token_was_revoked` |
//!
//! # OAuth 2.0 (RFC 6749)
//!
//! | | the client | shown by |
//! |---|---|---|
//! | O1 | uses a code once, with PKCE by S256 and its own state (4.1; 7636, 4; 8252, 6) | `oauth::tests::flows::with_the_browser`, `oauth::tests::flows::the_address_of_the_login`, `oauth::tests::flows::with_a_pasted_address` |
//! | O2 | listens on 127.0.0.1 alone, at any port, and ignores what is not its own (8252, 7.3 and 8.3) | `oauth::tests::flows::the_page_of_the_listener`, `oauth::page::markup_is_shown_as_text` |
//! | O3 | sends secrets over TLS alone, unless the server is this machine (3.2), and follows no redirect with them | `oauth::tests::flows::tenants_and_addresses`, `oauth::tests::flows::over_tls_with_a_trusted_authority_alone`, `oauth::tests::faults::answers_of_another_kind` |
//! | O4 | distinguishes the errors of the server (5.2), and those that pass | `oauth::tests::faults::errors_in_json`, `oauth::meaning::codes_of_servers` |
//! | O5 | replaces the refresh token by a new one, and uses none twice (6; 9700, 4.14.2) | `oauth::tests::renewal::tasks_renew_once`, `oauth::tests::renewal::providers_over_one_file_renew_once`, `oauth::tests::renewal::a_new_refresh_token_is_stored_before_it_is_used`, `oauth::tests::renewal::a_dropped_caller_loses_no_token` |
//! | O6 | waits on another device as long as the server says (8628, 3.5) | `oauth::tests::flows::with_another_device` |
//! | O7 | compares the issuer of metadata with the one that was asked for (8414, 3.3) | `oauth::tests::flows::the_endpoints_are_discovered` |
//! | O8 | signs the assertion of a service account (7523, 3) | `oauth::tests::flows::as_a_service_account` |
//!
//! # Groups and chunks (RFC 2920, RFC 3030)
//!
//! | | the client | shown by |
//! |---|---|---|
//! | P1 | groups commands only if the server offers PIPELINING (2920, 3.1) | `session::dialogue::amazon_ses_gets_one_command_at_a_time`, `session::pipelining::without_pipelining_each_command_waits`, `testing::tests::quirks::groups_are_not_borne` |
//! | P2 | ends a group with DATA and similar commands; sends the next group after a message only if the caller enables it, and stops if the server does not understand it (2920, 3.1) | `session::pipelining::everything_up_to_data_in_one_flight`, `testing::tests::order::a_command_that_must_be_answered_is_the_last_of_its_group`, `session::send_each::a_server_that_rejects_commands_after_a_message`, `session::send_each::a_server_that_loses_commands_after_a_message` |
//! | P3 | assigns each reply to its command, and treats an extra reply as an error (2920, 3.1) | `session::pipelining::each_rejection_belongs_to_its_recipient`, `faults::hostile::a_wrong_number_of_replies_confirms_nothing`, `faults::hostile::a_stale_reply_never_confirms_a_later_mail` |
//! | P4 | sends a lone dot if the server accepts no recipient but asks for the message (2920, 3.1) | `session::pipelining::all_rejected_and_354_is_a_lone_dot`, `session::pipelining::a_rejected_sender_is_the_error_of_the_mail` |
//! | P5 | reads while it writes (2920, 3.1) | `faults::backpressure::a_thousand_recipients_cause_no_deadlock`, `session::chunking::replies_that_fill_the_network_cause_no_deadlock`, `faults::backpressure::mails_in_close_succession_cause_no_deadlock` |
//! | K1 | sends chunks only if the server offers CHUNKING, each with its exact size (3030, 2) | `session::chunking::data_is_used_if_an_extension_is_missing`, `session::chunking::each_chunk_leaves_with_its_command` |
//! | K2 | sends no chunk after a rejected one, and sends RSET next (3030, 2) | `session::chunking::failure::after_a_rejected_chunk_no_other_is_sent_and_rset_is_next` |
//! | K3 | sends binary only by BDAT, and only if the server offers both CHUNKING and BINARYMIME (3030, 3) | `session::chunking::data_is_used_if_an_extension_is_missing`, `message::rendition::the_rendition_stays_below_max_body_type` |
//! | K4 | loses no mail to a server that offers BDAT and rejects it, and remembers the rejection | `session::send_each::a_server_that_does_not_know_bdat`, `session::send_each::servers::with_quirks_each_mail_arrives_once` |
//!
//! # Other extensions
//!
//! | | the client | shown by |
//! |---|---|---|
//! | S1 | declares the exact size, and begins no mail that is too large (1870, 6) | `session::parameters::size_is_declared_if_offered`, `session::parameters::a_message_over_the_limit_fails_before_mail`, `protocol::extensions::size_limits`, `message::rendition::the_declared_size_is_exact_in_each_rendition`, `session::extensions::a_message_over_the_limit_names_its_largest_parts` |
//! | S2 | sends SMTPUTF8 if it is offered and needed, or encodes without it (6531, 3.4) | `session::parameters::a_local_part_beyond_ascii_fails_before_mail_without_smtputf8`, `session::parameters::a_domain_beyond_ascii_needs_no_smtputf8` |
//! | S3 | requests delivery notifications if the server offers DSN, in xtext, or omits the request if the caller allows that (3461, 4) | `session::extensions::offered_parameters_are_sent`, `session::extensions::each_recipient_has_its_own_parameters`, `session::extensions::optional_notifications_are_omitted_without_dsn`, `address::escape::xtext_of_awkward_texts`, `address::envelope::dsn::sets_of_events` |
//! | S4 | reads enhanced codes that agree with the reply code (2034, 4) | `protocol::reply::enhanced_status_must_go_with_the_code`, `protocol::reply::enhanced_status_may_stand_on_the_last_line_only` |
//! | S5 | keeps the limits that the server announces (9422) | `protocol::limits::limits_are_read_and_what_is_odd_is_left_out`, `session::portions::a_limit_is_obeyed`, `session::portions::after_so_many_mails_a_session_is_over`, `session::portions::among_other_mails`, `session::portions::sessions::portions_beyond_a_session_limit_go_over_another` |
//! | S6 | sends REQUIRETLS only inside TLS (8689, 4) | `session::extensions::requiretls_needs_tls_to_this_server`, `session::extensions::a_missing_extension_is_an_error_before_mail` |
//! | S7 | reads one reply for each recipient with LMTP, and never uses port 25 for it (2033, 4.2 and 5) | `session::lmtp::each_recipient_has_a_reply_of_its_own`, `session::lmtp::only_a_recipient_without_a_reply_is_unknown`, `session::lmtp::never_on_port_25`, `faults::connection_cuts::lmtp::each_recipient_has_its_own_fate` |
//! | S8 | does not use PRDR | - the client has no code for PRDR |
//! | S9 | reads keywords in any case, and ignores unknown ones (5321, 4.1.1.1) | `protocol::extensions::what_is_not_a_known_keyword_is_left_out`, `protocol::extensions::mechanisms_in_all_forms`, `protocol::extensions::the_first_line_is_no_keyword` |
//!
//! # Outcomes
//!
//! | | the client | shown by |
//! |---|---|---|
//! | O1 | reports an outcome for each recipient, and sends to all or none on request (5321, 3.3) | `session::pipelining::each_rejection_belongs_to_its_recipient`, `faults::out_of_step::rejected_recipients_are_reported_whatever_the_outcome`, `session::portions::all_or_nothing` |
//! | O2 | reports accepted, not accepted or unknown, and the report is true (1047) | `faults::connection_cuts::clear::two_recipients_and_a_picture`, `faults::connection_cuts::tls::all_there_is_by_starttls_and_at_once`, `client::simulation::every_reported_outcome_is_true`, `faults::connection_cuts::send_each::chunked`, `faults::connection_cuts::send_each::eager`, `faults::connection_cuts::lmtp::each_recipient_has_its_own_fate` |
//! | O3 | uses the reply, whatever follows it (5321, 4.2.5) | `faults::end_of_data::a_reply_after_end_of_data_counts_whatever_follows`, `faults::out_of_step::the_reply_to_a_mail_counts_whatever_comes_after_it` |
//! | O4 | stops at an early reply, and reports it (5321, 3.3) | `session::transfer::a_reply_within_the_message_ends_the_transfer`, `faults::hostile::an_early_rejection_survives_a_reset` |
//! | O5 | waits before it tries again (5321, 4.5.4.1) | `client::retry::waits_grow_up_to_the_longest`, `client::retry::what_the_server_asks_for_is_waited_for`: the waits of [`Retry`](crate::client::Retry), if it is enabled; a mail that failed only because of a defect of the server is sent again at once (`session::send_each::servers::with_quirks_each_mail_arrives_once`) |
