"""Measures against figures done on paper and against trec_eval, files, intervals, and two runs side by side."""

from __future__ import annotations

import json
import math
import random
import warnings
from pathlib import Path

import pytest

from search_app.compare_runs import compare
from search_app.evaluate import estimate, measure
from search_app.judgments import JudgedQuery, JudgmentError, Judgments, load
from search_app.measures import (
    AD_HOC,
    MEASURES,
    average_precision,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    success,
)
from search_app.runs import Ranking, Run, make_run, read_run, trec
from tests.searchable import searcher


def judgments(relevant: int = 2) -> Judgments:
    queries = (
        JudgedQuery("q1", "eye", "names", "tuning"),
        JudgedQuery("q2", "heart", "lay", "held_out"),
        JudgedQuery("q3", "zzz", "nothing", "tuning"),
        JudgedQuery("q4", "nobody judged this"),
    )
    return Judgments(queries, {"q1": {"a": 3, "b": 2, "c": 1}, "q2": {"a": 3, "x": 0}}, relevant)


def run(name: str = "test", **hits: str) -> Run:
    return Run({query_id: Ranking(query_id, tuple(doc_ids.split())) for query_id, doc_ids in hits.items()}, name)


# ---------------------------------------------------------------------------------------------------------------------
# Measures, on paper


def test_ndcg_by_hand() -> None:
    found = 3 / math.log2(2) + 7 / math.log2(3)  # the grades 2 and 3 in the wrong order
    best = 7 / math.log2(2) + 3 / math.log2(3) + 1 / math.log2(4)  # the page of grade 1 was missed
    assert ndcg([2, 3], [3, 2, 1], 10) == pytest.approx(found / best)


def test_ndcg_is_one_for_the_best_order_and_zero_for_none() -> None:
    assert ndcg([3, 2, 1, 0], [1, 3, 2], 10) == 1
    assert ndcg([0, 0], [3], 10) == 0
    assert ndcg([], [], 10) == 0


def test_ndcg_looks_no_further_than_its_cutoff() -> None:
    assert ndcg([0] * 10 + [3], [3], 10) == 0
    assert ndcg([3] * 10, [3] * 15, 10) == 1


def test_success_reciprocal_rank_and_recall_start_at_the_relevant_grade() -> None:
    found = [1, 0, 2, 3]
    assert (success(found, 1, 1), success(found, 1, 2), success(found, 3, 2)) == (1, 0, 1)
    assert (reciprocal_rank(found, 1), reciprocal_rank(found, 2), reciprocal_rank(found, 4)) == (1, 1 / 3, 0)
    assert recall(found, [1, 2, 3, 3], 3, 2) == pytest.approx(1 / 3)
    assert recall(found, [1], 3, 2) == 0


def test_precision_counts_missing_hits_as_wrong() -> None:
    assert precision([1, 1], 30, 1) == pytest.approx(2 / 30)


def test_average_precision_by_hand() -> None:
    assert average_precision([1, 0, 1], [1, 1, 1], 1) == pytest.approx((1 / 1 + 2 / 3) / 3)
    assert average_precision([1], [0], 1) == 0


def test_every_measure_agrees_with_trec_eval(tmp_path: Path) -> None:
    """ir_measures asks pytrec_eval; equal scores are in the run on purpose, since trec_eval sorts them its own way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ir_measures as measures
    dice = random.Random(7)
    documents = [f"d{number:02}" for number in range(60)]
    queries = tuple(JudgedQuery(f"q{number}", "any") for number in range(25))
    grades = {q.query_id: {d: dice.choice([0, 0, 1, 2, 3]) for d in dice.sample(documents, 30)} for q in queries}
    for judged in grades.values():
        judged[dice.choice(documents)] = 3
    rankings = {}
    for query in queries:
        found = tuple(dice.sample(documents, dice.choice([0, 1, 5, 40])))
        scores = sorted((float(dice.choice([1, 2, 3])) for _ in found), reverse=True)
        rankings[query.query_id] = Ranking(query.query_id, found, tuple(scores))
    ours = Judgments(queries, grades, relevant=2)
    path = tmp_path / "run.trec"
    path.write_text(trec(Run(rankings)))
    theirs = {
        "success@1": measures.Success(rel=2) @ 1,
        "mrr": measures.RR(rel=2),
        "recall@10": measures.R(rel=2) @ 10,
        "map": measures.AP(rel=2),
        "p@30": measures.P(rel=2) @ 30,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            (str(metric.measure), metric.query_id): metric.value
            for metric in measures.iter_calc(list(theirs.values()), grades, measures.read_trec_run(str(path)))
        }
        theirs["ndcg@10"] = measures.nDCG @ 10  # has linear gain, so it gets the gains as its grades
        gains = {query_id: {d: 2**grade - 1 for d, grade in judged.items()} for query_id, judged in grades.items()}
        for metric in measures.iter_calc([theirs["ndcg@10"]], gains, measures.read_trec_run(str(path))):
            expected[str(metric.measure), metric.query_id] = metric.value
    report = measure(ours, Run(rankings), {**MEASURES, **AD_HOC})
    assert len(report.results) == len(queries)
    for result in report.results:
        for name, metric in theirs.items():
            assert result.values[name] == pytest.approx(expected[str(metric), result.query.query_id]), (name, result)


# ---------------------------------------------------------------------------------------------------------------------
# Reports


def test_a_report_has_a_row_for_each_class_and_one_for_all() -> None:
    report = measure(judgments(), run(q1="a b c", q2="x a", q4="a"))
    assert [(row.name, row.queries) for row in (*report.classes, report.overall)] == [
        ("names", 1), ("lay", 1), ("all", 2),
    ]  # fmt: skip
    assert report.overall.estimates["mrr"].mean == 0.75
    assert report.queries == 3
    assert "q4" not in {result.query.query_id for result in report.results}, "nothing was judged for it"


def test_a_query_missing_from_the_run_counts_as_nothing_found() -> None:
    assert measure(judgments(), run(q1="a b c")).overall.estimates["ndcg@10"].mean == 0.5


def test_queries_that_should_find_nothing_are_measured_apart() -> None:
    def empty(ranking: Ranking) -> float:
        row = measure(judgments(), Run({"q3": ranking})).nothing
        assert row is not None
        return row.estimates["empty"].mean

    assert empty(Ranking("q3", ())) == 1
    assert empty(Ranking("q3", ("a",))) == 0
    assert empty(Ranking("q3", ("a",), (1.0,), partial=True)) == 1
    assert measure(Judgments((JudgedQuery("q1", "eye"),), {"q1": {"a": 1}}), run(q1="a")).nothing is None


def test_worst_names_the_queries_that_lose_most() -> None:
    report = measure(judgments(), run(q1="a b c", q2="x y", q3="a"))
    assert [result.query.query_id for result in report.worst()] == ["q2"]
    assert report.worst()[0].top == (("x", 0), ("y", 0))


def test_the_text_names_every_measure_and_class() -> None:
    lines = measure(judgments(), run(q1="a b c", q2="x a")).as_text().splitlines()
    assert lines[0].split() == ["queries", "ndcg@10", "success@1", "mrr", "recall@10"]
    assert lines[1].split()[:3] == ["names", "1", "1.000"]
    assert [line.split()[0] for line in lines[1:5]] == ["names", "lay", "all", "nothing"]
    assert lines[-1] == "95% confidence intervals; success, MRR and recall count pages from grade 2."


def test_json_has_the_means_at_the_top() -> None:
    report = json.loads(json.dumps(measure(judgments(), run(q1="a b c", q2="x a")).as_json()))
    assert (report["queries"], report["mrr"], report["success@1"], report["relevant_from_grade"]) == (2, 0.75, 0.5, 2)
    assert report["intervals"]["mrr"] == [0.5, 1.0]
    assert report["classes"]["names"]["ndcg@10"] == 1
    assert report["nothing"]["empty"] == 1
    assert report["per_query"][0]["top"] == [
        {"id": "a", "grade": 3},
        {"id": "b", "grade": 2},
        {"id": "c", "grade": 1},
    ]


def test_intervals_hold_the_mean_and_never_change() -> None:
    values = [0.0, 0.2, 0.9, 1.0, 1.0, 0.4]
    first = estimate(values)
    assert first == estimate(values)
    assert 0 <= first.low < first.mean < first.high <= 1
    assert estimate([0.5] * 9) == estimate([0.5])
    assert estimate([]).mean == 0


def test_comparing_two_runs_names_what_changed() -> None:
    found = compare(judgments(), run(q1="a b c", q2="x a"), run(q1="b a c", q2="a x"))
    assert (found.better, found.worse, found.same) == (1, 1, 0)
    assert [(each.query.query_id, each.change > 0) for each in found.differences] == [("q1", False), ("q2", True)]
    same = compare(judgments(), run(q1="a"), run(q1="a"), "mrr")
    assert (same.change.mean, same.differences, same.same) == (0, (), 2)


def test_a_comparison_shows_classes_and_queries_but_none_that_is_set_aside() -> None:
    found = compare(judgments(), run(q1="b a", q2="x a"), run(q1="a b", q2="a x"))
    text = found.as_text()
    assert (found.better, found.worse, found.same) == (2, 0, 0)
    assert "q1  eye" in text
    assert "heart" not in text
    assert "1 more changed" in text
    assert [name for name, _ in found.classes] == ["names", "lay"]
    listed = found.as_json()
    assert [each["id"] for each in listed["queries"]] == ["q1"]
    assert listed["queries"][0]["after"] > 0.9
    assert listed["classes"]["lay"]["mean"] > 0


# ---------------------------------------------------------------------------------------------------------------------
# Files


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    queries, qrels = tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"
    lines = [
        {"id": "q1", "text": "eye hospital shanghai", "class": "category", "half": "tuning", "note": "ignored"},
        {"id": "q2", "text": "协和", "half": "held_out"},
        {"id": 3, "text": "zzzz", "class": "nothing", "half": "tuning"},
    ]
    queries.write_text("\ufeff" + "\n\n".join(json.dumps(line) for line in lines) + "\r\n", "utf-8")
    qrels.write_text("q1\thospitals/shanghai-eye\t3\nq1\thospitals/beijing-tongren\t1\r\nq2\thospitals/pumch\t3\n")
    return queries, qrels


def test_loading_keeps_the_order_of_the_queries(files: tuple[Path, Path]) -> None:
    found = load(*files)
    assert [query.query_id for query in found.queries] == ["q1", "q2", "3"]
    assert found.queries[0] == JudgedQuery("q1", "eye hospital shanghai", "category", "tuning")
    assert found.of("q1") == {"hospitals/shanghai-eye": 3, "hospitals/beijing-tongren": 1}
    assert [query.query_id for query in found.ranked] == ["q1", "q2"]
    assert [query.query_id for query in found.empty] == ["3"]


def test_one_half_can_be_chosen(files: tuple[Path, Path]) -> None:
    assert [query.query_id for query in load(*files, half="held_out").queries] == ["q2"]


def test_a_page_is_relevant_from_grade_2_or_from_1_where_there_is_no_other(files: tuple[Path, Path]) -> None:
    queries, qrels = files
    assert load(queries, qrels).relevant == 2
    qrels.write_text("q1\ta\t1\nq2\tb\t0\n")
    assert load(queries, qrels).relevant == 1
    assert load(queries, qrels, relevant=3).relevant == 3


def test_grades_of_other_queries_are_left_out(files: tuple[Path, Path]) -> None:
    queries, qrels = files
    qrels.write_text("q1\ta\t3\nq9\tb\t3\n")
    assert load(queries, qrels).grades == {"q1": {"a": 3}, "q2": {}, "3": {}}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes"),
        ("[]", "not a JSON object"),
        ('{"text": "eye"}', "needs 'id', a string that is not empty"),
        ('{"id": "q7", "text": " "}', "needs 'text', a string that is not empty"),
        ('{"id": "q7", "text": 7}', "needs 'text', a string that is not empty"),
        ('{"id": "q7", "text": "eye", "class": 1}', "'class' must be a string"),
        ('{"id": "q1", "text": "eye"}', "the id 'q1' was used before"),
        ('{"id": "q7", "text": "eye", "half": "third"}', "the half 'third' is neither 'tuning' nor 'held_out'"),
    ],
)
def test_a_wrong_line_of_queries_is_named(files: tuple[Path, Path], line: str, reason: str) -> None:
    queries, qrels = files
    queries.write_text('{"id": "q1", "text": "eye"}\n\n' + line + "\n")
    with pytest.raises(JudgmentError) as error:
        load(queries, qrels)
    assert str(error.value) == f"{queries}:3: {reason}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("q1 a 3", "needs query id, document id and grade between tabs, has 1 columns"),
        ("q1\ta\t3\tx", "needs query id, document id and grade between tabs, has 4 columns"),
        ("q1\t\t3", "the document id is empty"),
        ("q1\tb\t4", "the grade '4' is not a whole number from 0 to 3"),
        ("q1\tb\t-1", "the grade '-1' is not a whole number from 0 to 3"),
        ("q1\tb\tx", "the grade 'x' is not a whole number from 0 to 3"),
        ("q1\ta\t2", "'a' was judged before for 'q1'"),
        ("3\ta\t1", "the query '3' should find nothing, yet has a page of grade 1"),
    ],
)
def test_a_wrong_line_of_grades_is_named(files: tuple[Path, Path], line: str, reason: str) -> None:
    queries, qrels = files
    qrels.write_text("q1\ta\t3\n" + line + "\n")
    with pytest.raises(JudgmentError) as error:
        load(queries, qrels)
    assert str(error.value) == f"{qrels}:2: {reason}"


def test_files_that_do_not_belong_together_are_refused(files: tuple[Path, Path]) -> None:
    queries, qrels = files
    qrels.write_text("CACM-1\ta\t1\nCACM-2\ta\t1\n")
    with pytest.raises(JudgmentError, match="none of its 2 query ids is among the queries"):
        load(queries, qrels)


def test_bytes_that_are_no_text_are_named(files: tuple[Path, Path]) -> None:
    queries, qrels = files
    qrels.write_bytes(b"q1\ta\t3\nq2\t\xff\t3\n")
    with pytest.raises(JudgmentError, match=r"qrels\.tsv:2: not UTF-8"):
        load(queries, qrels)


def test_a_run_survives_being_written_and_read(tmp_path: Path) -> None:
    first = Run({"q1": Ranking("q1", ("b", "a", "c"), (2.5, 2.5, 1.0)), "q2": Ranking("q2", ("x", "y"))}, "mine")
    path = tmp_path / "run.trec"
    path.write_text(trec(first))
    assert path.read_text().splitlines()[0] == "q1 Q0 b 1 2.5 mine"
    again = read_run(path)
    assert again.name == "mine"
    assert {query_id: again.of(query_id).doc_ids for query_id in ("q1", "q2", "q3")} == {
        "q1": ("b", "a", "c"), "q2": ("x", "y"), "q3": (),
    }  # fmt: skip
    scores = again.of("q1").scores
    assert scores[0] > scores[1] > scores[2], "trec_eval would swap equal scores"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("q1 Q0 a 1 2.5", "a run line has 6 columns, this one 5"),
        ("q1 Q0 b 1 high x", "the score 'high' is not a number"),
        ("q1 Q0 b 1 nan x", "the score is not a number"),
        ("q1 Q0 a 2 1.0 x", "'a' stands twice for 'q1'"),
    ],
)
def test_a_wrong_line_of_a_run_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "run.trec"
    path.write_text("q1 Q0 a 1 2.5 x\n" + line + "\n")
    with pytest.raises(JudgmentError) as error:
        read_run(path)
    assert str(error.value) == f"{path}:2: {reason}"


# ---------------------------------------------------------------------------------------------------------------------
# Searching


def test_each_query_is_searched_as_on_the_page(files: tuple[Path, Path]) -> None:
    with searcher() as opened:
        judged = load(*files)
        report = measure(judged, make_run(judged, opened))
    assert report.overall.estimates["success@1"].mean == 1
    assert [result.query.query_id for result in report.results] == ["q1", "q2", "3"]
    assert report.nothing is not None
    assert report.nothing.estimates["empty"].mean == 1


def test_a_run_stops_at_its_depth(files: tuple[Path, Path]) -> None:
    everything = Judgments((JudgedQuery("q1", "hospital"),), {})
    with searcher() as opened:
        deep = make_run(everything, opened, depth=250).of("q1")
        assert len(deep.doc_ids) == len(set(deep.doc_ids)) > 3
        assert make_run(everything, opened, depth=3).of("q1").doc_ids == deep.doc_ids[:3]


def test_hits_that_lack_words_are_marked() -> None:
    queries = (JudgedQuery("q1", "cataract surgery rhubarb lens"), JudgedQuery("q2", "cataract surgery"))
    with searcher() as opened:
        found = make_run(Judgments(queries, {}), opened)
    assert found.of("q1").doc_ids
    assert (found.of("q1").partial, found.of("q2").partial) == (True, False)
