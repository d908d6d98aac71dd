// Posts the page's only form at once. Old browsers run it too: no modules, nothing newer than 2009.
document.forms[0].submit();
