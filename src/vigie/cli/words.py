"""What the reports say, in English and French, and how each language writes numbers."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = {
    "rows": ("{n} rows", "{n} lignes"),
    "row_1": ("1 row", "1 ligne"),
    "columns": ("{n} columns", "{n} colonnes"),
    "column_1": ("1 column", "1 colonne"),
    "roles": ("What the columns mean", "Ce que veulent dire les colonnes"),
    "column": ("column", "colonne"),
    "role": ("meaning", "sens"),
    "why": ("because", "parce que"),
    "unused": ("Not used: {columns}", "Non utilisées : {columns}"),
    "leak": (
        "Left out, because only known afterwards: {columns}",
        "Laissées de côté, car connues seulement après coup : {columns}",
    ),
    "fix_roles": (
        "Wrong? Say it with --role ROLE=COLUMN; --role none={column} ignores a column.",
        "Une erreur ? Dites-le avec --role ROLE=COLONNE ; --role none={column} ignore une colonne.",
    ),
    "models": ("Reference models that fit", "Modèles de référence qui conviennent"),
    "no_models": (
        "No reference model is similar enough (similarity above {minimum}).",
        "Aucun modèle de référence n'est assez semblable (similarité supérieure à {minimum}).",
    ),
    "similarity": ("similarity {value}", "similarité {value}"),
    "skill_worlds": (
        "ROC AUC {value} on simulated tables it never saw",
        "ROC AUC {value} sur des tables simulées jamais vues",
    ),
    "skill_held_out": (
        "ROC AUC {value} on rows held out of its own table",
        "ROC AUC {value} sur des lignes de sa propre table mises de côté",
    ),
    "skill_makers": ("ROC AUC {value}, as its makers declare", "ROC AUC {value} selon ses auteurs"),
    "weight": ("{value} of the vote", "{value} du vote"),
    "top": ("The most suspicious rows", "Les lignes les plus suspectes"),
    "row": ("row", "ligne"),
    "score": ("score", "score"),
    "probability": ("probability", "probabilité"),
    "reasons": ("reasons", "raisons"),
    "row_note": (
        "Row 1 is the first one after the header. The same columns are in the file, for every row.",
        "La ligne 1 est la première après l'en-tête. Le fichier a les mêmes colonnes, pour toutes les lignes.",
    ),
    "verdict": ("What to do", "Que faire"),
    "alerts": ("{count} to look at ({share} of the table)", "{count} à examiner ({share} de la table)"),
    "no_alerts": ("No row is worth an alert.", "Aucune ligne ne mérite une alerte."),
    "precision": (
        "Of 10 of them, about {estimate} should be fraud (between {low} and {high}).",
        "Sur 10, environ {estimate} devraient être des fraudes (entre {low} et {high}).",
    ),
    "prevalence": (
        "Share of fraud in the whole table: about {estimate} (between {low} and {high}), estimated without labels.",
        "Part de fraude dans toute la table : environ {estimate} (entre {low} et {high}), estimée sans étiquettes.",
    ),
    "prevalence_least": (
        "Share of fraud in the whole table: about {estimate}, hardly less than {low}; the table does not tell how much more.",
        "Part de fraude dans toute la table : environ {estimate}, guère moins de {low} ; la table ne dit pas combien de plus.",
    ),
    "prevalence_given": (
        "Share of fraud in the whole table: {estimate}, as you said.",
        "Part de fraude dans toute la table : {estimate}, comme vous l'avez dit.",
    ),
    "abstains": ("No probabilities: {why}", "Pas de probabilités : {why}"),
    "still_ranks": (
        "The scores still rank the rows: begin at the top.",
        "Les scores classent tout de même les lignes : commencez par le haut.",
    ),
    "agreement": (
        "The models and the anomaly score agree to {value} on a row, on average.",
        "Les modèles et le score d'anomalie s'accordent à {value} sur une ligne, en moyenne.",
    ),
    "levels": ("Risk levels: {levels}", "Niveaux de risque : {levels}"),
    "written": ("Written: {path}, every row of the upload and {count} new columns: {names}",
                "Écrit : {path}, toutes les lignes d'origine et {count} nouvelles colonnes : {names}"),
    "reading": ("reading the table", "lecture de la table"),
    "reading columns": ("reading the columns", "lecture des colonnes"),
    "gathering evidence": ("gathering evidence", "recherche d'indices"),
    "matching models": ("matching models", "choix des modèles"),
    "fetching models": ("fetching models", "chargement des modèles"),
    "scoring": ("scoring the rows", "calcul des scores"),
    "calibrating": ("calibrating", "calibration"),
    "wording reasons": ("wording reasons", "rédaction des raisons"),
    "writing": ("writing", "écriture"),
}  # fmt: skip

_EVIDENCE = {
    "another column is the provider": "une autre colonne est le prestataire",
    "chosen by the user": "vous l'avez dit",
    "codes that come back on several rows": "des codes qui reviennent sur plusieurs lignes",
    "dates before the events": "des dates antérieures aux opérations",
    "few texts, often repeated": "peu de textes, souvent répétés",
    "one value on every row": "la même valeur partout",
    "second of two alike": "la seconde de deux colonnes semblables",
    "the date in parts": "la date est en plusieurs colonnes",
    "the other coordinate is missing": "l'autre coordonnée manque",
    "the other coordinate is of the other side": "l'autre coordonnée est celle de l'autre partie",
    "two values": "deux valeurs",
    "unique on every row": "unique à chaque ligne",
    "values are dates and times": "ce sont des dates et des heures",
    "values are numbers": "ce sont des nombres",
    "values are texts": "ce sont des textes",
    "values are verdicts of fraud": "ce sont des verdicts de fraude",
    "values are whole hours of a day": "ce sont des heures du jour",
    "values grow from row to row": "les valeurs croissent d'une ligne à l'autre",
    "values have the check digit of card numbers": "les valeurs ont la clé des numéros de carte",
    "values look like IP addresses": "on dirait des adresses IP",
    "values look like browser signatures": "on dirait des signatures de navigateur",
    "values look like codes of a state": "on dirait des codes d'état",
    "values look like e-mail addresses": "on dirait des adresses e-mail",
    "values look like money": "on dirait des sommes d'argent",
    "values look like phone numbers": "on dirait des numéros de téléphone",
    "values look like postal codes": "on dirait des codes postaux",
    "values look like seconds since 1970": "on dirait des secondes depuis 1970",
    "values look like times of the day": "on dirait des heures du jour",
}
"""French for what `scoring.roles` says of a column; what is not here stays in English."""

_NAME_SAYS = "name says "


class Words:
    """Phrases and numbers of one language, `en` or `fr`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._at = 1 if language == "fr" else 0

    def __call__(self, phrase: str, **values: str) -> str:
        """The phrase with its values; what has no translation stays as it is."""
        pair = _WORDS.get(phrase)
        return pair[self._at].format(**values) if pair else phrase

    def pick(self, english: str | None, french: str | None) -> str:
        """One of two texts."""
        return (french if self._at else english) or ""

    def evidence(self, reasons: Iterable[str]) -> str:
        """Why a column was given its role, in one line."""
        if self.language != "fr":
            return "; ".join(reasons)
        said = (
            f"le nom dit « {r.removeprefix(_NAME_SAYS)} »" if r.startswith(_NAME_SAYS) else r for r in reasons
        )
        return " ; ".join(_EVIDENCE.get(reason, reason) for reason in said)

    def count(self, number: int, unit: str) -> str:
        """So many of `row` or `column`."""
        return self(f"{unit}_1") if number == 1 else self(f"{unit}s", n=self.whole(number))

    def whole(self, number: int) -> str:
        """A whole number with thousands apart."""
        return f"{number:,}".replace(",", "\u202f") if self._at else f"{number:,}"

    def decimal(self, number: float, digits: int = 2) -> str:
        """A number with that many digits."""
        text = f"{number:.{digits}f}"
        return text.replace(".", ",") if self._at else text

    def share(self, number: float) -> str:
        """A share as a percentage, with two figures that mean something and never a false zero."""
        percent = 100 * number
        digits = 0 if percent >= 10 or percent == 0 else 1 if percent >= 1 else 2
        if 0 < percent < 0.005:
            return f"< {self.share(0.0001)}"
        if 99.995 <= percent < 100:
            return f"> {self.share(0.9999)}"
        if 99.5 <= percent < 100:
            digits = 1 if percent < 99.95 else 2
        return self.decimal(percent, digits) + ("\u202f%" if self._at else "%")

    def of_ten(self, number: float) -> str:
        """A share as so many of ten."""
        return self.decimal(10 * number, 1 if 0.05 <= 10 * number < 0.95 else 0)
