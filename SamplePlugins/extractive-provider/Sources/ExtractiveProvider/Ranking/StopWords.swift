/// Words that carry no topic: function words, and those that belong to asking.
enum StopWords {
    static let all = Set(english.split(whereSeparator: \.isWhitespace).map(String.init))

    private static let english = """
        a about after again all also am an and another any anything are aren't as at be because been before being both
        but by can can't cannot could couldn't did didn't do does doesn't doing don't during each either else ever every
        few for from get gets getting give go got had has have having he her here his how i i'd i'll i'm i've if in into
        is isn't it it'd it'll its just know let let's like made make makes many may me might mine more most much must
        my need needed needs no nor not of off on once one only or other our ours out over own please quite same say
        says shall she should show since so some somebody someone something such tell than that the their them then
        there these they thing things this those through to too under until up upon us very want wanted wants was
        wasn't way ways we were weren't what when where whether which while who whom whose why will with within without
        won't would wouldn't yes you you're your yours explain describe mean means meant happen happens work works
        use used uses using often exactly actually really try trying figure example examples possible
        """
}
