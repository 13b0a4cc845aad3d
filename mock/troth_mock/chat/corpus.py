"""The sentences that answers are made of: our own, and frozen, so that answers never change.

`{topic}` is a phrase of the question, `{Topic}` the same at the start of a sentence.  It may be one
thing, many, or a gerund, so no verb here has it as its subject.  A change here changes every mock's
answers and belongs in the changelog.
"""

from __future__ import annotations

OPENINGS = (
    "Happy to help with {topic}.",
    "Good question about {topic}.",
    "Here is a short overview of {topic}.",
    "Let us look at {topic} step by step.",
    "The short answer about {topic} is that it depends on what you need most.",
    "{Topic}? Let us take this one part at a time.",
    "There are a few useful ways to think about {topic}.",
    "Thanks for asking about {topic}.",
    "In brief, a handful of choices decide most of {topic}.",
    "People come to {topic} from many directions, so a little context helps.",
    "When it comes to {topic}, the basics take you a long way.",
    "To begin with, there is more to {topic} than it seems at first.",
)

DETAILS = (
    "The first thing to settle is the goal, because everything else follows from it.",
    "Most of the difficulty lies in the details that nobody writes down.",
    "A small example usually says more than a long definition.",
    "It pays to start with the simplest version and to add to it later.",
    "Two cases deserve attention: the common one, and the one that goes wrong.",
    "What works well in one setting may need a small change in another.",
    "A good rule is to change one thing at a time and to watch what happens.",
    "The usual approach is to measure before deciding anything.",
    "Where two options look equally good, the one that is easier to undo wins.",
    "It helps to name the parts early, so that everyone means the same thing.",
    "Experience shows that the plain solution lasts the longest.",
    "There is a trade-off between speed and clarity, and clarity is cheaper to keep.",
    "Some of it is convention, and knowing which part saves a lot of time.",
    "The order of the steps matters more than the steps themselves.",
    "Much of what is said about it is true only under certain conditions.",
    "A quick sketch on paper often shows what is missing.",
)

EXAMPLES = (
    "For instance, you could begin with ten minutes and a clear list of questions.",
    "Think of it as packing a bag: what you need first goes in last.",
    "As an example, take the case with only one item and check that it behaves.",
    "Imagine explaining it to a friend: the words that you reach for are the ones to keep.",
    "In practice, three out of four cases are covered by the default.",
    "A typical setup takes an afternoon, and most of that is reading.",
    "One team wrote the result down first and then worked backwards from it.",
    "Compare it with cooking: the recipe is short, the preparation is not.",
    "Try it with numbers that you can add up in your head.",
    "A table with two columns, before and after, makes the difference visible.",
    "Once the first version runs, the second takes half the time.",
    "Picture a map: it leaves out almost everything, and that is why it helps.",
)

CLOSINGS = (
    "Would you like an example that is closer to your own case?",
    "If you tell me more about your situation, I can be more specific.",
    "That should be enough to get started.",
    "I can go deeper into any of these points.",
    "Let me know which part matters most to you.",
    "From here, the next step is to try it out.",
    "I hope that this sheds a little light on {topic}.",
    "Ask away if something is still unclear.",
)

POINTS = (
    "**Start small.** One working piece is worth more than a plan.",
    "**Write it down.** What is written can be checked and improved.",
    "**Check the edges.** Empty, very large and unexpected cases come up sooner than expected.",
    "**Keep it simple.** Every extra part has to earn its place.",
    "**Ask early.** A question costs a minute, a wrong guess costs a day.",
    "**Measure.** A number settles a discussion that opinions cannot.",
    "**Name things well.** A good name saves a paragraph of explanation.",
    "**Review it later.** A second look, after a night's sleep, finds the rest.",
    "**Leave room.** Plans change, and a little slack absorbs it.",
    "**Share it.** Others see what you have stopped noticing.",
)

LIST_OPENINGS = (
    "Here are three points about {topic} that are worth remembering:",
    "Three things matter most when it comes to {topic}:",
    "A short checklist for {topic}:",
    "For {topic}, I would keep these in mind:",
)

GREETINGS = (
    "Hello!",
    "Hi there!",
    "Hello, nice to meet you!",
    "Hi, and welcome!",
    "Good to hear from you!",
    "Hello and welcome back!",
    "Hey!",
    "Greetings!",
    "Hello, good to see you!",
    "Hi, thanks for stopping by!",
    "Welcome!",
    "Hello again!",
)

WELCOMES = (
    "You are welcome!",
    "My pleasure!",
    "Glad to be of help!",
    "Any time!",
    "No problem at all!",
    "Happy to help!",
    "You are most welcome!",
    "With pleasure!",
    "Thank you for saying so!",
    "That is kind of you!",
    "Do not mention it!",
    "It was no trouble!",
)

OFFERS = (
    "How can I help you today?",
    "What would you like to talk about?",
    "What can I do for you?",
    "Is there something that you would like to know?",
    "Tell me what you are working on.",
    "What is on your mind?",
    "Where shall we begin?",
    "Ask me anything.",
    "What are we looking at today?",
    "How may I be of help?",
    "What would you like to try first?",
    "I am ready when you are.",
)

RESULT_OPENINGS = (
    "Here is what {tool} returned:",
    "According to {tool}:",
    "I looked it up with {tool}. The result:",
    "{tool} gives this answer:",
    "The result of {tool} is in:",
    "This is what {tool} says:",
    "I asked {tool}, and got this:",
    "From {tool} comes the following:",
    "Based on {tool}:",
    "With the help of {tool} I found this:",
    "The answer from {tool}:",
    "{tool} reports:",
)

RESULT_CLOSINGS = (
    "Is there anything else that you would like to know?",
    "Let me know if I should look up something else.",
    "That answers the question, I think.",
    "I can explain any part of it.",
    "Tell me if you need it in another form.",
    "Does that help?",
    "I hope that this is what you were looking for.",
    "Shall I check anything else?",
    "That is all that came back.",
    "Feel free to ask for more details.",
    "Say the word if you want to go on from here.",
    "I can repeat this for another case.",
)

#: Used as the topic when a question has no word that could be one.
FALLBACK_TOPICS = ("this", "your question", "your message", "the matter")

ARTICLES = frozenset({"a", "an", "the"})

#: Words that a topic may have inside.
LINKS = ARTICLES | frozenset(
    "about and at between by for from in into of on or to with".split()  # noqa: SIM905 - as below
)

#: Words that are no topic by themselves, and that a topic neither begins nor ends with.
STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are aren't as ask at be because been before
    being below between both but by came can can't could did didn't do does doesn't doing don't
    down during each explain describe few find for from further get gets give gives go going got
    had has have haven't he hello hey hi her here hers him his how i i'd i'll i'm i've if in into
    is isn't it it's its just know let let's like list make me more most must my no nor not now of
    off ok okay on once one only or other our out over own please provide really recommend same
    say says she should show so some such suggest summarise summarize tell than thank thanks that
    that's the their them then there these they thing things think this those through to too under
    until up us use used using very want was wasn't way we well were what what's when where which
    while who whom whose why will with without would write yes yet you you're your yours
    along away help instead lot together cómo qué cuál cuándo dónde quién está funciona wie ist sind
    warum funktioniert pourquoi quel quelle est sont qu'est-ce que fonctionne perché cos'è
    como é quê
    """.split()  # noqa: SIM905 - one word list reads better than quoted words
)

GREETING_WORDS = frozenset(
    """
    hello hi hey hiya howdy greetings morning afternoon evening hallo hola bonjour ciao salut
    servus moin namaste
    """.split()  # noqa: SIM905 - one word list reads better than quoted words
)

THANKING_WORDS = frozenset({"thanks", "thank", "thx", "cheers", "danke", "gracias", "merci"})

#: Words that may stand in small talk beside those that greet or thank.
SMALL_TALK = STOP_WORDS | {
    "good",
    "day",
    "today",
    "friend",
    "bot",
    "assistant",
    "world",
    "much",
    "help",
    "dear",
}
