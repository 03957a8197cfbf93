"""What is taken away from a case: its files, and the case file on paper."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache

from fengkong.console.cases.errors import ForgottenContentError
from fengkong.console.cases.files import download_file
from fengkong.console.cases.forms import PrintForm
from fengkong.console.cases.models import Case, CaseFile
from fengkong.console.cases.printing import made_pdf, made_print
from fengkong.console.insiders.counting import counted
from fengkong.console.personal.watermarks import invisible
from fengkong.console.project.declared import needs, operator_of
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError


@needs("cases.view", act="cases.view")
@never_cache
def download(request: HttpRequest, number: int, file_id: int) -> HttpResponse:
    """A file of a case; the form that fetches it is posted, for it is recorded who took it."""
    get_object_or_404(CaseFile, pk=file_id, case_id=number)
    if request.method != "POST":
        return redirect("cases:papers", number)
    try:
        file, content = download_file(operator_of(request), file_id)
    except ForgottenContentError as error:
        raise Http404(error.message) from None
    counted(operator_of(request), "case_file", str(file_id))
    answer = HttpResponse(content, content_type=file.media_type)
    answer["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@needs("cases.view", act="cases.view")
@never_cache
@transaction.non_atomic_requests
def print_page(request: HttpRequest, number: int) -> HttpResponse:
    """Asks what the case file is needed for; a POST gives it as a page or as a PDF.

    No transaction is open while the service is asked for proofs.
    """
    case = get_object_or_404(Case, pk=number)
    operator = operator_of(request)
    form = PrintForm(request.POST or None, reader=operator)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        with transaction.atomic():
            counted(operator, "case_file", f"print-{number}")
        try:
            printed = made_print(
                operator,
                case,
                purpose=asked["purpose"],
                in_the_clear=bool(asked.get("clear")),
                form=asked["form"],
            )
            if asked["form"] == "page":
                hidden = invisible(printed.mark)
                context = {"case": case, "printed": printed, "hidden_mark": hidden}
                return render(request, "cases/paper.html", context)
            content = made_pdf(case, printed)
        except RiskError as error:
            form.add_error(None, told_error(error))
        else:
            answer = HttpResponse(content, content_type="application/pdf")
            answer["Content-Disposition"] = f'attachment; filename="case-{case.pk}.pdf"'
            return answer
    status = 422 if form.errors else 200
    return render(request, "cases/print.html", {"form": form, "case": case}, status=status)
