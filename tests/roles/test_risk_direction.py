"""Direction of risk by concepts: names of columns in four languages, none of them from a table that Vigie was measured on."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigie.roles import inference
from vigie.roles.name_parser import parse_name
from vigie.roles.risk_direction import direction

N = 400
RISKIER = [
    "LoginFailures7d",
    "nbConnexionsEchouees",
    "IntentosFallidosAcceso",
    "qtdTentativasSenhaIncorreta",
    "wrong_pin_entries",
    "nb_erreurs_code",
    "errores_pin",
    "erros_de_senha",
    "ChargebacksLifetime",
    "contracargos_anteriores",
    "estornos_anteriores",
    "delinq_90_days_cnt",
    "nb_retards_paiement",
    "morosidad_previa",
    "recusas_anteriores",
    "nb_doublons",
    "duplicate_hits",
    "locked_out_count",
    "promo_redemptions",
    "cupom_resgates",
    "severity_code",
    "gravite_sinistre",
    "gravedad_siniestro",
    "blacklist_hits",
    "prior_fraud_count",
    "antecedents",
    "total_queixas_cliente",
    "NbPlaintesClient",
    "quejasAnteriores",
    "unpaidPremiumsCnt",
    "cuotas_vencidas_12m",
    "parcelas_vencidas",
    "dettes_en_cours",
    "endividamento_total",
    "taux_endettement_foyer",
    "bankruptcies_ever",
    "refund_requests_30d",
    "devolucoes_90d",
    "loss_ratio_5y",
    "cards_per_device",
    "clientes_por_dispositivo",
    "comptes_par_ip",
    "clics_par_minute",
    "calls_per_day",
    "consecutive_declines",
    "otp_attempts",
    "password_tries_wrong",
]
SAFER = [
    "identity_verified_lvl",
    "tel_verifie",
    "correo_verificado",
    "conta_verificada",
    "mfa_ok",
    "two_factor_score",
    "double_facteur",
    "doble_factor",
    "autenticacao_2fa",
    "customer_tenure_yrs",
    "anciennete_compte_mois",
    "antiguedad_cliente_meses",
    "tempo_de_conta",
    "cards_on_file_trusted",
    "carte_enregistree",
    "tarjeta_guardada",
    "telefono_confirmado",
    "loyaltyPoints",
    "fiadores",
    "no_claims_discount_yrs",
    "licence_held_years",
    "permis_anciennete",
    "anos_carnet_conducir",
    "tempo_habilitacao_anos",
    "sim_tenure_days",
    "payee_since_days",
    "credit_history_years",
    "employment_length_yrs",
    "account_opened_days_ago",
    "password_changed_days_ago",
    "reputacion_vendedor",
    "puntaje_datacredito",
]
YES_NO_RISKIER = [
    "isDuplicate",
    "est_doublon",
    "VpnUsed",
    "used_coupon",
    "firstPurchase",
    "primeira_compra",
    "nueva_tarjeta",
    "dormant_flag",
    "conta_inativa",
    "compte_inactif",
    "lapsed_policy",
    "missing_receipt",
    "sans_justificatif",
    "sin_comprobante_ingresos",
    "phone_changed_recently",
    "tampered_meter",
    "guest_user",
    "ip_flag",
]
YES_NO_SAFER = [
    "OtpPassed",
    "email_confirmed",
    "saved_card_used",
    "2fa_active",
    "telefone_confirmado",
    "cliente_vip",
    "garant_present",
    "logo_present",
    "docs_complete",
    "has_website",
]


def found_direction(name: str, values: pl.Series) -> int:
    """Return the direction of a column in a table of payments."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "amount": np.round(rng.lognormal(3, 1, N), 2),
            "customer_id": [f"C{i}" for i in rng.integers(0, 60, N)],
            name: values,
        }
    )
    role = next(one.role for one in inference.infer(frame).columns if one.column == name)
    return direction(parse_name(name), role)


@pytest.mark.parametrize(("names", "sign"), [(RISKIER, 1), (SAFER, -1)])
def test_counts_and_scores_have_the_direction_of_their_concept(names: list[str], sign: int) -> None:
    counts = pl.Series(np.random.default_rng(1).poisson(2, N))
    assert {name: found_direction(name, counts) for name in names} == dict.fromkeys(names, sign)


@pytest.mark.parametrize(("names", "sign"), [(YES_NO_RISKIER, 1), (YES_NO_SAFER, -1)])
def test_yes_and_no_have_the_direction_of_their_concept(names: list[str], sign: int) -> None:
    flags = pl.Series(np.random.default_rng(2).random(N) < 0.2)
    assert {name: found_direction(name, flags) for name in names} == dict.fromkeys(names, sign)


@pytest.mark.parametrize(
    ("name", "texts", "sign"),
    [
        ("id_check", ["passed", "failed"], -1),
        ("adresse_verifiee", ["vérifiée", "non vérifiée"], -1),
        ("cvv_match", ["No match", "Match"], -1),
        ("card_location", ["Domestic", "Foreign"], 1),
        ("origen_de_tarjeta", ["nacional", "extranjera"], 1),
        ("email_mismatch", ["match", "mismatch"], -1),
        ("country_risk", ["Low risk", "High risk", "Medium risk"], 1),
    ],
)
def test_texts_that_are_opposites_have_a_direction(name: str, texts: list[str], sign: int) -> None:
    """That of their order: a match is safer, whatever the name says of a mismatch."""
    values = np.random.default_rng(2).choice(texts, N)
    assert found_direction(name, pl.Series(values)) == sign


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("subscription_key", list(range(1000, 1000 + N)), {"account", "row_id"}),
        ("client_age", np.random.default_rng(3).normal(0, 9, N).tolist(), {"number"}),
        ("client_age", np.random.default_rng(3).integers(18, 90, N).tolist(), {"age"}),
        ("periodo_del_dia_hora", ["mañana", "tarde", "noche", "madrugada"] * (N // 4), {"hour"}),
        ("Heure", ["matin", "après-midi", "soir", "nuit"] * (N // 4), {"hour"}),
        ("beneficiary_bank_location", ["Germany", "Turkey", "UAE", "Mexico"] * (N // 4), {"counter_country"}),
        ("international_call_ratio", np.random.default_rng(3).random(N).tolist(), {"risk_signal"}),
        ("low_income_area_ind", [0, 0, 1, 0] * (N // 4), {"flag", "category", "income", "city"}),
        ("os", np.random.default_rng(3).integers(0, 70, N).tolist(), {"category"}),
        ("channel", np.random.default_rng(3).integers(0, 80, N).tolist(), {"category", "channel"}),
        ("permis", np.random.default_rng(3).integers(1950, 2020, N).astype(float).tolist(), {"risk_signal"}),
        ("customer_since", np.random.default_rng(3).integers(1990, 2024, N).tolist(), {"risk_signal"}),
        ("old_index", np.random.default_rng(3).permutation(90_000)[:N].tolist(), {"number"}),
        ("meter_age_years", np.random.default_rng(3).integers(0, 30, N).tolist(), {"number"}),
        ("time_on_page", np.random.default_rng(3).uniform(0, 400, N).tolist(), {"number"}),
        ("patients_per_day", np.random.default_rng(3).integers(0, 30, N).tolist(), {"velocity"}),
        ("montant_dette", np.random.default_rng(3).lognormal(3, 1, N).tolist(), {"amount"}),
        ("line_total", np.random.default_rng(3).lognormal(3, 1, N).tolist(), {"amount"}),
        (
            "vehicle_registration_year",
            np.random.default_rng(3).integers(1990, 2024, N).tolist(),
            {"number", "category"},
        ),
        ("AttendingPhysician", [f"PHY{i % 90:05d}" for i in range(N)], {"counterparty"}),
        ("counter_statue", [0, 1, 4, 5] * (N // 4), {"number", "category"}),
        ("cod_entidade", np.random.default_rng(3).integers(1, 90, N).tolist(), {"counterparty"}),
    ],
)
def test_values_and_words_decide_together(name: str, values: list[object], role: set[str]) -> None:
    """Kinds of columns that had been taken for something else."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"amount": np.round(rng.lognormal(3, 1, N), 2), name: values})
    assert next(one.role for one in inference.infer(frame).columns if one.column == name) in role


def test_parts_of_the_day_are_hours() -> None:
    """And count as such in features: an hour of the night is a night."""
    from vigie.roles.ordinal import read_scale

    for words in (["Madrugada", "Manhã", "Tarde", "Noite"], ["Nuit", "Matin", "Après-midi", "Soir"]):
        scale = read_scale(words)
        assert scale is not None
        assert [scale[word] for word in words] == sorted(scale[word] for word in words)
        assert 0 <= min(scale.values()) < max(scale.values()) < 24
